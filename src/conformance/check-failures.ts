/** A system that fails: reads throw the kind that is tried again, writes are in doubt, and neither takes it for an answer. */
import { TributaryError } from '../core/errors/error.ts'
import type { FindAnswer, Outcome } from '../core/outcome.ts'
import type { Connection, WriteItem, WriteOperation } from '../core/ports.ts'
import { isSource } from './check-read.ts'
import { checkSourceFailures } from './check-sources.ts'
import { FAILURES, type Failure, IMPATIENT, startFailing } from './failing-server.ts'
import { type Finding, failed, guarded, not, ok } from './finding.ts'
import { openSubject, type Subject, sampleDocument } from './subject.ts'

const WINDOW = {
  since: new Date('2026-06-10T00:00:00Z'),
  until: new Date('2026-06-11T00:00:00Z'),
  resume: null,
}
const PATIENCE = 5_000

/** Opens the connector against the failing server and closes both. */
async function failing<T>(
  subject: Subject,
  run: (connection: Connection, set: (fail: Failure) => void) => Promise<T>,
  kind?: string,
): Promise<T> {
  const server = await startFailing()
  try {
    const connection = await openSubject(subject, {
      url: server.url,
      ...IMPATIENT,
      ...(kind ? bound(subject, kind) : {}),
    })
    try {
      return await run(connection, (fail) => {
        server.fail = fail
      })
    } finally {
      await connection.close()
    }
  } finally {
    await server.close()
  }
}

export function checkReadFailures(subject: Subject, name: string): Promise<Finding> {
  const part = { check: 'failures-read', about: name } as const
  const { manifest, hooks } = subject.connector
  if (isSource(manifest.read![name]!)) return checkSourceFailures(subject, name)
  if (!hooks.read?.[name]?.page && !manifest.read![name]!.list)
    return Promise.resolve(not(part, 'nothing is asked for: it lives by webhooks alone'))
  return guarded(part, 'failing-server', () =>
    failing(subject, async (connection, set) => {
      const stream = connection.streams.find((s) => s.name === name)!
      for (const fail of FAILURES) {
        set(fail)
        const found = await stream.page(WINDOW, AbortSignal.timeout(PATIENCE)).then(
          (page) => `a page of ${page.records.length} records`,
          (error: unknown) => kindOf(error),
        )
        if (found !== 'transient')
          return failed(part, 'failing-server', `${fail}: an error of kind transient`, found)
      }
      return ok(part, 'failing-server', FAILURES.join(', '))
    }),
  )
}

const kindOf = (error: unknown): string =>
  error instanceof TributaryError ? error.kind : `an error of no kind (${(error as Error).name})`

/** What a failure may mean for a write. A hook that must log in first may prove that nothing was sent. */
function allowed(fail: Failure, hook: boolean): Outcome['kind'][] {
  if (fail === '429') return ['not-done', 'unknown']
  return hook ? ['unknown', 'not-done'] : ['unknown']
}

export function checkWriteFailures(subject: Subject, kind: string): Promise<Finding> {
  const part = { check: 'failures-write', about: kind } as const
  const hook = Boolean(subject.connector.hooks.write?.[kind]?.write)
  if (!sampleDocument(subject, kind)) return Promise.resolve(not(part, noSample(subject, kind)))
  return guarded(part, 'failing-server', () =>
    failing(
      subject,
      async (connection, set) => {
        const operation = connection.writes.find((w) => w.kind === kind)!
        const item = await sampleItem(subject, operation, 'KITFAIL')
        for (const fail of FAILURES) {
          set(fail)
          const [outcome] = await operation.write([item], AbortSignal.timeout(PATIENCE))
          const may = allowed(fail, hook)
          if (!outcome || !may.includes(outcome.kind))
            return failed(
              part,
              'failing-server',
              `${fail}: ${may.join(' or ')}`,
              outcome?.kind ?? 'no outcome',
            )
          const answer = await operation.find?.(item, AbortSignal.timeout(PATIENCE))
          if (answer && believed(answer))
            return failed(
              part,
              'failing-server',
              `${fail}: a find that failed`,
              'a find that says what is there',
            )
        }
        return ok(part, 'failing-server', FAILURES.join(', '))
      },
      kind,
    ),
  )
}

const believed = (answer: FindAnswer): boolean => 'hits' in answer

export const noSample = (subject: Subject, kind: string): string =>
  `there is no case to write: mappings/${subject.connector.id}/…out.test.yaml has none for ${kind}`

/** Code tables and settings that the case of the mapping test brings along. */
export function bound(subject: Subject, kind: string) {
  const context = sampleDocument(subject, kind)?.context
  const known = Object.keys(subject.connector.manifest.settings)
  const settings = Object.fromEntries(
    Object.entries(context?.settings ?? {}).filter(([name]) => known.includes(name)),
  )
  return {
    settings: { ...subject.settings, ...settings, ...subject.hints.settings },
    ...(context?.codes ? { codes: context.codes } : {}),
    ...(context?.factors ? { factors: context.factors } : {}),
  }
}

/** The sample document as it would be sent under a key. Throws what the mapping throws. */
export async function sampleItem(
  subject: Subject,
  operation: WriteOperation,
  key: string,
): Promise<WriteItem> {
  const sample = sampleDocument(subject, operation.kind)!
  const { body, check } = await operation.render(sample.input, { key, revision: 1, previous: null })
  return { key, kind: operation.kind, revision: 1, body, check }
}
