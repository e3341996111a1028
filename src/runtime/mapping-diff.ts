/**
 * `tributary mapping diff`, put together: the uses of the changed file are opened twice, with it and as they are,
 * and what the ledger hands out is run through both. Only the handing out happens where the ledger is open.
 */
import type { Connection } from '../core/ports.ts'
import type { StoredPush } from '../ledger/stored-push.ts'
import type { StoredRecord } from '../ledger/stored-record.ts'
import { addVerdict, createTally, type DiffReport, reportOf, type Tally } from '../mapping/diff-report.ts'
import { readMapping } from '../mapping/read.ts'
import {
  type DiffPage,
  type DiffProgress,
  judgePush,
  judgeRecord,
  type Mappings,
  runDiff,
} from '../pipeline/mapping-diff.ts'
import type { Mapper } from '../pipeline/to-document.ts'
import { codeSnapshot } from './code-snapshot.ts'
import type { Config } from './config.ts'
import { type Instead, openConnections } from './connections.ts'
import type { Log } from './log.ts'
import { isSameFile, type MappingUse, mappingUses, type UseChoice, useName, usesFor } from './mapping-uses.ts'
import type { CodeOperations } from './operations-code-types.ts'
import type { MappingDiffOperations } from './operations-mapping-diff-types.ts'

export interface MappingDiffRequest extends UseChoice {
  file: string
  /** Received (or planned) at or after, RFC 3339. */
  since?: string
  /** Only the newest so many. */
  records?: number
  /** Keep values of fields that hold no personal data. */
  values: boolean
}

export interface MappingDiffAnswer extends DiffReport {
  file: string
  version: string
  /** `in`: records were mapped again; `out`: pushes were mapped out again. */
  way: 'in' | 'out'
  /** Whose place the file would take. */
  uses: { use: string; file: string; version: string | null }[]
  since: string | null
  /** False: it was stopped before the end. */
  complete: boolean
  /** Records (or pushes) passed: those run again, those left out, and the next two. */
  looked: number
  /** Not mapped yet. */
  waiting: number
  /** Not the newest of their order. */
  older: number
}

export interface MappingDiffContext {
  operations: MappingDiffOperations & Pick<CodeOperations, 'codeList'>
  log: Log
  /** Called often, with what is done of how many. True stops the run. */
  progress(done: number, total: number): boolean
}

/**
 * Runs the whole comparison. Throws MAPPING_NO_USE, what reading mappings and opening connections throws, and what
 * the operations throw.
 */
export async function mappingDiff(
  config: Config,
  request: MappingDiffRequest,
  context: MappingDiffContext,
): Promise<MappingDiffAnswer> {
  const uses = await usesFor(request.file, await mappingUses(config), request)
  const { version } = await readMapping(request.file)
  const ids = new Set(uses.map((u) => u.connection))
  const only = Object.entries(config.connections).filter(([id]) => ids.has(id))
  const narrowed = { ...config, connections: Object.fromEntries(only) }
  const codes = await codeSnapshot(narrowed, context.operations)
  const opened: Map<string, Connection>[] = []
  const open = async (instead?: Instead): Promise<Mapper> => {
    const connections = await openConnections(narrowed, context.log, { instead, codes })
    opened.push(connections)
    const { zone, currency } = config.company
    return { connections, company: { zone, currency } }
  }
  try {
    const replaced = (connection: string, name: string) =>
      uses.some((u) => u.connection === connection && u.name === name) ? request.file : undefined
    const changed = await open(replaced)
    // edited in its place, the file in use is no more
    const inUse = uses.some((u) => isSameFile(u.file, request.file)) ? null : await open()
    const { way } = uses[0]!.target
    const tally = createTally({ values: request.values, documents: way === 'in' })
    const run = await compareMappings(uses, { changed, inUse }, tally, request, context)
    const { looked, waiting, older, complete } = run
    const head = {
      file: request.file,
      version,
      way,
      uses: await described(uses),
      since: request.since ?? null,
    }
    return { ...head, complete, looked, waiting, older, ...reportOf(tally) }
  } finally {
    for (const connections of opened) for (const c of connections.values()) await c.close()
  }
}

async function described(uses: MappingUse[]): Promise<MappingDiffAnswer['uses']> {
  return Promise.all(
    uses.map(async (u) => ({ use: useName(u), file: u.file, version: (await readMapping(u.file)).version })),
  )
}

/** Runs what is stored for these uses (all of one direction) through the mappings, into the tally. */
export async function compareMappings(
  uses: MappingUse[],
  mappings: Mappings,
  tally: Tally,
  request: Pick<MappingDiffRequest, 'since' | 'records'>,
  { operations, progress }: Pick<MappingDiffContext, 'operations' | 'progress'>,
): Promise<DiffProgress & { complete: boolean }> {
  const records = uses.flatMap(({ target }) => (target.way === 'in' ? [target.record] : []))
  const pushes = uses.flatMap(({ target }) => (target.way === 'out' ? [target.push] : []))
  const most = request.records ?? null
  const since = request.since === undefined ? {} : { since: request.since }
  const total = most ?? (await operations.storedCount({ records, pushes, ...since })).count
  const at = (before: number | null) => ({ ...since, ...(before === null ? {} : { before }) })
  const common = {
    most,
    progress: (p: DiffProgress) => progress(most === null ? p.looked : p.judged, total),
  }
  if (records.length > 0) {
    return runDiff<StoredRecord>({
      ...common,
      page: async (before) => withBytes(await operations.storedRecords({ targets: records, ...at(before) })),
      async judge(record) {
        const { subject, verdict } = await judgeRecord(mappings, record)
        addVerdict(tally, subject, verdict)
      },
    })
  }
  return runDiff<StoredPush>({
    ...common,
    page: async (before) => withBytes(await operations.storedPushes({ targets: pushes, ...at(before) })),
    async judge(push) {
      const { subject, verdict } = await judgePush(mappings, push)
      addVerdict(tally, subject, verdict)
    },
  })
}

function withBytes<T extends { body: string | null }>(
  page: DiffPage<T>,
): DiffPage<Omit<T, 'body'> & { body: Buffer | null }> {
  const items = page.items.map((item) => ({
    ...item,
    body: item.body === null ? null : Buffer.from(item.body, 'base64'),
  }))
  return { ...page, items }
}
