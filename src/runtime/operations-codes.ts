/** Operations on code tables: look, import, and set going what waited. */
import { runtimeError } from '../core/errors/runtime.ts'
import { type CodeFilter, codeTables, importCodes, knownCodes, listCodes } from '../ledger/code.ts'
import { statedCodes } from '../ledger/code-view.ts'
import { countMapped, missingCodes, redriveMapped } from '../ledger/code-waiting.ts'
import { checkEntries } from './code-entries.ts'
import type {
  CodeImported,
  CodeItem,
  CodeName,
  CodeOperations,
  CodeRedriven,
} from './operations-code-types.ts'
import { type Desk, handOf } from './operations-desk.ts'
import { page } from './operations-page.ts'

/** The operations on code tables. */
export function codeOperations(desk: Desk): CodeOperations {
  return {
    codeTables: ({ connection }) => tables(desk, connection),
    codeList: (filter) => list(desk, filter),
    codeMissing: (filter) => missing(desk, filter),
    codeImport: (request) => importEntries(desk, request),
    codeRedrive: ({ after, ...actor }) => redrive(desk, after === undefined ? 0 : position(after), actor),
  }
}

type Stated = CodeName & { value: string }

/** What tributary.yaml states. */
function stated(desk: Desk): Stated[] {
  const connections = Object.values(desk.context.config.connections ?? {})
  return statedCodes(Object.fromEntries(connections.map((c) => [c.id, c.codes])))
}

/** The same without what an import has taken over. */
async function statedAlone(desk: Desk, filter: CodeFilter): Promise<Stated[]> {
  const wanted = stated(desk).filter((e) =>
    (['connection', 'table', 'key'] as const).every((k) => filter[k] === undefined || filter[k] === e[k]),
  )
  const known = new Set((await knownCodes(desk.db, wanted)).map(nameText))
  return wanted.filter((e) => !known.has(nameText(e)))
}

const nameText = ({ connection, table, key }: CodeName) => JSON.stringify([connection, table, key])

async function tables(desk: Desk, connection: string | undefined) {
  const found = (await codeTables(desk.db)).map((t) => ({
    connection: t.connection,
    table: t.table,
    ledger: t.entries,
    file: 0,
    changedAt: t.changed_at.toISOString() as string | null,
  }))
  for (const entry of await statedAlone(desk, {})) {
    const at = found.find((t) => t.connection === entry.connection && t.table === entry.table)
    if (at) at.file += 1
    else found.push({ connection: entry.connection, table: entry.table, ledger: 0, file: 1, changedAt: null })
  }
  return found
    .filter((t) => connection === undefined || t.connection === connection)
    .sort((a, b) => order({ ...a, key: '' }, { ...b, key: '' }))
}

/** As the database sorts them: byte by byte. */
function order(a: CodeName, b: CodeName): number {
  for (const name of ['connection', 'table', 'key'] as const) {
    const difference = Buffer.compare(Buffer.from(a[name]), Buffer.from(b[name]))
    if (difference !== 0) return difference
  }
  return 0
}

async function list(desk: Desk, { limit, after, ...filter }: Parameters<CodeOperations['codeList']>[0]) {
  const most = page(limit === undefined ? {} : { limit }).limit
  const start = after === undefined ? null : place(after)
  const rows = await listCodes(desk.db, filter, start, most + 1)
  const kept: CodeItem[] = rows.map(({ connection, table, key, value, factor, changed_by, changed_at }) => ({
    ...{ connection, table, key, value, factor },
    ...{ from: 'ledger', changedBy: changed_by, changedAt: changed_at.toISOString() },
  }))
  const beside: CodeItem[] = (await statedAlone(desk, filter))
    .filter((e) => start === null || order(e, start) > 0)
    .map((e) => ({ ...e, factor: null, from: 'file', changedBy: null, changedAt: null }))
  const all = [...kept, ...beside].sort(order)
  const items = all.slice(0, most)
  return { items, next: all.length > most ? cursorOf(items.at(-1)!) : null }
}

const cursorOf = (name: CodeName) => Buffer.from(nameText(name)).toString('base64url')

function place(cursor: string): CodeName {
  const [connection, table, key] = readCursor(cursor)
  if (typeof connection === 'string' && typeof table === 'string' && typeof key === 'string') {
    return { connection, table, key }
  }
  throw runtimeError('RUNTIME_REQUEST', { field: 'after', reason: 'the "next" of the page before' })
}

function readCursor(cursor: string): unknown[] {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(read) ? read : []
  } catch (error) {
    throw runtimeError('RUNTIME_REQUEST', { field: 'after', reason: 'the "next" of the page before' }, error)
  }
}

async function missing(desk: Desk, filter: Parameters<CodeOperations['codeMissing']>[0]) {
  const inFile = new Set(stated(desk).map(nameText))
  const found = await missingCodes(desk.db, filter)
  return found
    .filter((m) => !inFile.has(nameText(m)))
    .map(({ amounts, since, ...more }) => ({
      ...more,
      amounts: Object.entries(amounts).map(([currency, amount]) => ({ currency, amount })),
      since: since.toISOString(),
    }))
}

async function importEntries(
  desk: Desk,
  { entries, dryRun = false, redrive: onward = true, ...actor }: Parameters<CodeOperations['codeImport']>[0],
): Promise<CodeImported> {
  const connections = desk.context.config.connections
  checkEntries(entries, connections ? Object.keys(connections) : null)
  const { added, changed, unchanged } = await importCodes(desk.db, entries, actor.by, dryRun)
  const waiting = await countMapped(desk.db, [...entries, ...stated(desk)])
  const redriven = dryRun || !onward ? null : await redriveAll(desk, actor)
  return { added, changed, unchanged, waiting, redriven }
}

async function redriveAll(desk: Desk, actor: { by: string; why?: string }): Promise<CodeRedriven> {
  const sum: CodeRedriven = { records: 0, documents: 0, pushes: 0 }
  for (let after: string | null = '0'; after !== null; ) {
    const step = await redrive(desk, position(after), actor)
    for (const what of ['records', 'documents', 'pushes'] as const) sum[what] += step[what]
    after = step.next
  }
  return sum
}

async function redrive(desk: Desk, after: number, actor: { by: string; why?: string }) {
  const hand = handOf({ why: 'the code is there', ...actor })
  const { wake, next, ...counts } = await redriveMapped(desk.db, stated(desk), after, hand, desk.rules)
  await desk.wake({ records: counts.records > 0, documents: counts.documents > 0, deliver: wake })
  return { ...counts, next: next === null ? null : String(next) }
}

function position(after: string): number {
  if (/^\d{1,15}$/.test(after)) return Number(after)
  throw runtimeError('RUNTIME_REQUEST', { field: 'after', reason: 'the "next" of the step before' })
}
