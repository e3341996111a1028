/**
 * What a changed mapping would do: stored records go through it by the very path that new ones take, pushes are
 * mapped out again from the content they were made of, and each result is held against what is in the ledger.
 * Nothing is written, nobody is called.
 */
import { setImmediate as breath } from 'node:timers/promises'
import { TributaryError } from '../core/errors/error.ts'
import { pushError } from '../core/errors/push.ts'
import { recordError } from '../core/errors/record.ts'
import type { Connection, Rendered } from '../core/ports.ts'
import type { NewDocument } from '../ledger/document.ts'
import type { StoredPush } from '../ledger/stored-push.ts'
import type { StoredRecord } from '../ledger/stored-record.ts'
import { type Change, differences } from '../mapping/diff.ts'
import type { Judged, Subject, Verdict } from '../mapping/diff-report.ts'
import { type Mapper, toDocument } from './to-document.ts'

/** Connections with the changed mapping in its place, and those as they are in use. */
export interface Mappings {
  changed: Mapper
  /** Null: not known, because the changed file stands where the one in use stood. */
  inUse: Mapper | null
}

/** What a mapping made of a record or push, or why it could not. */
type Attempt<T> = { made: T } | { code: string; field: string | null }

type Refusal = Exclude<Attempt<never>, { made: never }>

/** Judges one record; never throws for what the record or the mapping are to blame for. */
export async function judgeRecord(
  { changed, inUse }: Mappings,
  record: StoredRecord,
): Promise<{ subject: Subject; verdict: Verdict }> {
  const { became } = record
  const number = became.as === 'nothing' ? null : became.number
  const subject = { order: `${record.connection}/${record.external_id ?? `record ${record.id}`}`, number }
  const told = (verdict: Verdict) => ({ subject, verdict })
  if (record.bytes !== 'kept') return told({ as: 'left', why: record.bytes })
  if (became.as === 'nothing') return told({ as: 'left', why: 'unmatched' })
  if (became.as === 'parked') {
    if (became.code === 'RECORD_KILLS') return told({ as: 'left', why: 'deadly' })
    return told(wasParked(became.code, await attempt(() => mapIn(changed, record))))
  }
  const now = await attempt(() => mapIn(changed, record))
  if ('made' in now) {
    if (now.made.hash === became.hash) return told({ as: 'same' })
    if (!became.own && now.made.version !== became.version) return told({ as: 'left', why: 'superseded' })
    const changes = differences(became.content, now.made.content, 'document')
    if (changes.length === 0) return told({ as: 'same' })
    const before = inUse && (await attempt(() => mapIn(inUse, record)))
    return told({
      as: 'differs',
      changes: judged(changes, before, (d) => differences(became.content, d.content, 'document')),
    })
  }
  const before = inUse && (await attempt(() => mapIn(inUse, record)))
  // a record that is not the newest of its order may fail as it likes
  if (!became.own && before && 'made' in before && before.made.version !== became.version) {
    return told({ as: 'left', why: 'superseded' })
  }
  return told(parks(now, before))
}

async function mapIn(mapper: Mapper, record: StoredRecord): Promise<NewDocument> {
  const document = await toDocument(mapper, { ...record })
  // the database would refuse it, as normalize would find out
  if (!isStorable(document.content)) throw recordError('RECORD_REFUSED', { state: '22P05' })
  return document
}

/** PostgreSQL's jsonb holds neither NUL nor half a surrogate pair. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0')
  if (typeof value !== 'object' || value === null) return true
  return Array.isArray(value)
    ? value.every(isStorable)
    : Object.entries(value).every(([key, inner]) => isStorable(key) && isStorable(inner))
}

/** Judges one push by the bytes that were frozen for it. */
export async function judgePush(
  { changed, inUse }: Mappings,
  push: StoredPush,
): Promise<{ subject: Subject; verdict: Verdict }> {
  const subject = { order: `${push.order_connection}/${push.order_id}`, number: push.order_number }
  const told = (verdict: Verdict) => ({ subject, verdict })
  const connection = changed.connections.get(push.connection)
  const frozen = push.body
  // parked for something else than its mapping
  const elsewhere = !frozen && !/^(MAPPING_|PUSH_BUG$)/.test(push.code ?? '')
  if (!connection || elsewhere) return told({ as: 'left', why: 'unmatched' })
  const now = await attempt(() => mapOut(changed, push))
  if (!frozen) return told(wasParked(push.code ?? '', now))
  if ('made' in now && now.made.body.equals(frozen)) return told({ as: 'same' })
  const before = inUse && (await attempt(() => mapOut(inUse, push)))
  if (!('made' in now)) return told(parks(now, before))
  const changesOf = (made: Rendered) =>
    made.body.equals(frozen) ? [] : sentDifferences(connection, push, frozen, made)
  return told({ as: 'differs', changes: judged(changesOf(now.made), before, changesOf) })
}

async function mapOut(mapper: Mapper, push: StoredPush): Promise<Rendered> {
  const { key, revision, previous } = push
  const operation = mapper.connections.get(push.connection)?.writes.find((w) => w.kind === push.kind)
  if (!operation) throw pushError('PUSH_BUG', { push: String(push.id) })
  return operation.render(push.content, { key, revision, previous })
}

/** What was sent is compared as the tree that its bytes are; where the trees are equal, only their spelling differs. */
function sentDifferences(connection: Connection, push: StoredPush, frozen: Buffer, made: Rendered): Change[] {
  const was = connection.parse({ body: frozen, contentType: push.content_type ?? made.contentType })
  const is = connection.parse({ body: made.body, contentType: made.contentType })
  const found = differences(was, is, 'exact')
  return found.length > 0 ? found : [{ path: '', kind: 'changed', before: undefined, after: undefined }]
}

/** What the pipe would park is a finding here. */
async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { made: await work() }
  } catch (error) {
    const known = error instanceof TributaryError ? error : recordError('RECORD_BUG', {}, error)
    const { field } = known.detail
    return { code: known.code, field: typeof field === 'string' ? foldIndexes(field) : null }
  }
}

/** `lines.3.sku` → `lines[].sku` */
function foldIndexes(field: string): string {
  return field.replace(/\.\d+(?=\.|$)/g, '[]')
}

function wasParked(was: string, now: Attempt<unknown>): Verdict {
  if ('made' in now) return { as: 'comes-through', was }
  return now.code === was ? { as: 'still-parked' } : { as: 'parks-otherwise', was, ...now }
}

function parks(now: Refusal, before: Attempt<unknown> | null): Verdict {
  return { as: 'parks', ...now, already: before && 'code' in before && before.code === now.code }
}

/** A change is the mapping in use's own where that makes the very same one by now. */
function judged<T>(changes: Change[], before: Attempt<T> | null, changesOf: (made: T) => Change[]): Judged[] {
  if (before === null) return changes.map((c) => ({ ...c, already: null }))
  const key = ({ kind, path, after }: Change) => JSON.stringify([kind, path, after])
  const own = new Set('made' in before ? changesOf(before.made).map(key) : [])
  return changes.map((c) => ({ ...c, already: own.has(key(c)) }))
}

/** What a run has passed so far. */
export interface DiffProgress {
  /** Records (or pushes) passed. */
  looked: number
  /** Of them, handed to the judge. */
  judged: number
  /** Not mapped yet. */
  waiting: number
  /** A newer copy is what counts. */
  older: number
}

export interface DiffPage<T> {
  items: T[]
  looked: number
  waiting: number
  older: number
  next: number | null
}

export interface DiffRun<T> {
  page(before: number | null): Promise<DiffPage<T>>
  judge(item: T): Promise<void>
  /** Ends after so many items; null: all. */
  most: number | null
  /** Called many times a second, with what is passed so far. True ends the run. */
  progress(at: DiffProgress): boolean
}

/** Between two breaths, in which signals and timers get their turn: a mapping is synchronous work. Milliseconds. */
const BREATH = 25

/**
 * Judges page after page; the next one is on its way meanwhile, so two are in memory at a time. Answers what was
 * passed and whether that was all. Throws what `page` throws.
 */
export async function runDiff<T>(run: DiffRun<T>): Promise<DiffProgress & { complete: boolean }> {
  const at: DiffProgress = { looked: 0, judged: 0, waiting: 0, older: 0 }
  let next: Promise<Asked<T>> | null = ask(run, null)
  while (next !== null) {
    const { page, error }: Asked<T> = await next
    if (!page) throw error
    next = page.next === null ? null : ask(run, page.next)
    const complete = await judgePage(run, page, at)
    if (complete === null) continue
    // what was asked for must not outlive the run
    await next
    return { ...at, complete }
  }
  return { ...at, complete: true }
}

/** A page or why there is none: a failure is thrown when its turn comes. */
type Asked<T> = { page: DiffPage<T>; error?: never } | { page?: never; error: unknown }

function ask<T>(run: DiffRun<T>, before: number | null): Promise<Asked<T>> {
  return run.page(before).then(
    (page) => ({ page }),
    (error: unknown) => ({ error }),
  )
}

/** Null: go on; else whether that was all that was wanted. */
async function judgePage<T>(run: DiffRun<T>, page: DiffPage<T>, at: DiffProgress): Promise<boolean | null> {
  const start = at.looked
  let breathed = performance.now()
  for (const [i, item] of page.items.entries()) {
    if (at.judged === run.most) return true
    await run.judge(item)
    at.judged += 1
    at.looked = start + Math.round(((i + 1) / page.items.length) * page.looked)
    if (performance.now() - breathed < BREATH) continue
    await breath()
    breathed = performance.now()
    if (run.progress(at)) return false
  }
  at.looked = start + page.looked
  at.waiting += page.waiting
  at.older += page.older
  const stopped = run.progress(at)
  return stopped && page.next !== null ? false : null
}
