/** Recorded exchanges, replayed by nock: what was recorded is still asked for, read, mapped and valid. */
import type { WriteOperation } from '../core/ports.ts'
import { CONTEXT } from '../mapping/check.ts'
import { checkDocument } from '../mapping/check-document.ts'
import { validateDocument } from '../mapping/validate.ts'
import { bound, noSample, sampleItem } from './check-failures.ts'
import { isSource } from './check-read.ts'
import { checkSamples } from './check-sources.ts'
import { type Finding, failed, guarded, not, ok } from './finding.ts'
import { replaying } from './replay.ts'
import { openSubject, type Subject, sampleDocument } from './subject.ts'

/** Leads nowhere; nock answers for it. */
const NOWHERE = 'http://replay.invalid'
const WINDOW = { since: new Date('2026-06-10T00:00:00Z'), until: new Date('2026-06-11T00:00:00Z') }

const has = ({ fixtures }: Subject, of: string, what: string) =>
  fixtures.some((f) => f.of === of && f.what === what)

export async function checkStreamFixtures(subject: Subject, name: string): Promise<Finding> {
  const part = { check: 'fixtures', about: name } as const
  const { manifest, hooks } = subject.connector
  const declared = manifest.read![name]!
  if (isSource(declared)) return checkSamples(subject, name)
  const lists = Boolean(hooks.read?.[name]?.page ?? declared.list)
  if (!lists) return not(part, 'nothing is asked for: it lives by webhooks alone')
  if (!has(subject, name, 'list')) return failed(part, 'fixtures', `fixtures/${name}.list.json`, 'none')
  return guarded(part, 'fixtures', () =>
    replaying(subject, NOWHERE, async (replay) => {
      const connection = await openSubject(subject, { url: NOWHERE })
      try {
        const stream = connection.streams.find((s) => s.name === name)!
        const page = await stream.page({ ...WINDOW, resume: null }, AbortSignal.timeout(10_000))
        if (replay.strangers.length > 0)
          return failed(part, 'fixtures', 'calls that were recorded', `${replay.strangers[0]} was not`)
        if (page.records.length === 0) return failed(part, 'fixtures', 'at least one record', 'none')
        for (const record of page.records) {
          const mapping = stream.mappings[record.shape]
          if (!mapping)
            return failed(part, 'fixtures', 'a mapping for each shape', `none for ${record.shape}`)
          const value = (await mapping.map(connection.parse(record), CONTEXT)) as object
          const content = { entity: 'main', connection: 'shop', ...value }
          const document = validateDocument(stream.document, content)
          checkDocument(stream.document, document)
        }
        return ok(part, 'fixtures', `${page.records.length} records replayed and mapped to valid documents`)
      } finally {
        await connection.close()
      }
    }),
  )
}

export async function checkWriteFixtures(subject: Subject, kind: string): Promise<Finding> {
  const part = { check: 'fixtures', about: `write ${kind}` } as const
  const write = Object.entries(subject.connector.manifest.write ?? {}).find(([of]) => of === kind)?.[1]
  const wanted = ['write', ...(write?.class === 'find' ? ['find'] : [])]
  const lacks = wanted
    .filter((what) => !has(subject, kind, what))
    .map((what) => `fixtures/${kind}.${what}.json`)
  if (lacks.length > 0) return failed(part, 'fixtures', lacks.join(', '), 'none')
  if (!sampleDocument(subject, kind)) return not(part, noSample(subject, kind))
  return guarded(part, 'fixtures', () =>
    replaying(subject, NOWHERE, async (replay) => {
      const connection = await openSubject(subject, { ...bound(subject, kind), url: NOWHERE })
      try {
        const operation = connection.writes.find((w) => w.kind === kind)!
        const trouble = await replayWrite(subject, operation, replay.key)
        if (replay.strangers.length > 0)
          return failed(part, 'fixtures', 'calls that were recorded', `${replay.strangers[0]} was not`)
        return trouble
          ? failed(part, 'fixtures', 'a write that is done', trouble)
          : ok(part, 'fixtures', `${wanted.join(' and ')} replayed`)
      } finally {
        await connection.close()
      }
    }),
  )
}

async function replayWrite(subject: Subject, operation: WriteOperation, key: string): Promise<string | null> {
  const item = await sampleItem(subject, operation, key)
  const [outcome] = await operation.write([item], AbortSignal.timeout(10_000))
  if (outcome?.kind !== 'done')
    return `${outcome?.kind} (${outcome && 'code' in outcome ? outcome.code : ''})`
  const answer = await operation.find?.(item, AbortSignal.timeout(10_000))
  if (answer && 'failed' in answer) return `a find that failed (${answer.failed.code})`
  return answer && answer.hits.length !== 1 ? `a find with ${answer.hits.length} hits` : null
}
