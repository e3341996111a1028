/** Lists against the model remote: every record comes, whatever moves meanwhile, and reading ends. */
import type { StreamManifest } from '../connector/manifest-read.ts'
import { namesIn } from '../connector/template.ts'
import type { Connection, RawRecord, ReadStream } from '../core/ports.ts'
import { type Check, type Finding, failed, guarded, not, ok } from './finding.ts'
import { type Model, startModel } from './model.ts'
import { DECIMAL } from './model-lists.ts'
import type { ModelRecord } from './model-parts.ts'
import { declaredSource, startSourceModel } from './model-sources.ts'
import { openSubject, type Subject } from './subject.ts'

const MINUTE = 60_000
/** Ids beyond 2^53, as many marketplaces have them. */
const FIRST_ID = 9_007_199_254_740_993n
/** The window of most checks: no change of clocks is near in any zone. */
export const START = Date.UTC(2026, 5, 10, 3, 0, 0)
/** A list that gives more pages than this does not end. */
const ENDLESS = 200

export interface Rig {
  stream: ReadStream
  connection: Connection
  model: Model
  declared: StreamManifest
}

/** Opens a stream against a model of its own and closes both. */
export async function withModel<T>(
  subject: Subject,
  name: string,
  run: (rig: Rig) => Promise<T>,
  settings = subject.settings,
): Promise<T> {
  const model = declaredSource(subject, name)
    ? await startSourceModel(subject, name, settings)
    : await startModel(subject, settings)
  try {
    const connection = await openSubject(subject, { url: model.url, settings, ...model.options })
    try {
      const stream = connection.streams.find((s) => s.name === name)!
      return await run({
        stream,
        connection,
        model,
        declared: model.options?.read?.[name] ?? subject.connector.manifest.read![name]!,
      })
    } finally {
      await connection.close()
    }
  } finally {
    await model.close()
  }
}

/** Why a stream cannot be read from the model; null when it can. */
export function unmodelled(subject: Subject, name: string): string | null {
  const declared = subject.connector.manifest.read![name]!
  if (subject.connector.hooks.read?.[name]?.page) return 'its list is a hook, which no model can be made of'
  if (isSource(declared)) return declaredSource(subject, name) ? null : NOT_GIVEN
  if (!declared.list) return 'nothing is listed: it lives by webhooks alone'
  return subject.connector.manifest.http ? null : 'there is no http section'
}

/** Read from a database or files, by its manifest or a setting. */
export const isSource = ({ rows, files }: StreamManifest): boolean => Boolean(rows ?? files)

export const NOT_GIVEN = 'its declaration is a setting, which conformance.yaml does not give'

/** Records a minute and a bit apart. */
export function records(count: number, start = START, step = 61_000): ModelRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    id: String(FIRST_ID + BigInt(i)),
    at: start + i * step,
    visibleAt: 0,
    revision: 1,
  }))
}

export const pageSize = ({ list, rows }: StreamManifest): number =>
  (typeof rows === 'object' ? rows.size : list?.page?.size) ?? 5

/** All records of a window, page by page as the pipe reads them: the place goes through JSON. */
export async function readWindow(
  stream: ReadStream,
  since: number,
  until: number,
): Promise<{ read: RawRecord[]; pages: number }> {
  const read: RawRecord[] = []
  let resume: unknown = null
  let pages = 0
  do {
    const request = {
      since: new Date(since),
      until: new Date(until),
      resume: JSON.parse(JSON.stringify(resume)),
    }
    const page = await stream.page(request, AbortSignal.timeout(20_000))
    read.push(...page.records)
    resume = page.next
    pages += 1
    if (pages > ENDLESS) throw new Error(`reading does not end: ${ENDLESS} pages of one window`)
  } while (resume !== null)
  return { read, pages }
}

/** What is said of records that should have come. */
export function missing(wanted: ModelRecord[], read: { id: string }[]): string | null {
  const got = new Set(read.map((r) => r.id))
  const lost = wanted.filter((w) => !got.has(w.id))
  return lost.length === 0
    ? null
    : `${lost.length} of ${wanted.length} records never came (the first: ${lost[0]!.id})`
}

const WINDOW = 30 * 24 * 60 * MINUTE

/** Every check on one stream's list. */
export async function checkLists(subject: Subject, name: string): Promise<Finding[]> {
  const run = (check: Check, body: (rig: Rig) => Promise<Finding>) => onModel(subject, name, check, body)
  return [
    await run('pages', (rig) => pages(name, rig)),
    await changes(subject, name),
    await run('gaps-standing', (rig) => standing(name, rig)),
    await run('twice', (rig) => twice(name, rig)),
    await run('numbers', (rig) => numbers(name, rig)),
  ]
}

/** Runs a check on the model; says so where the model cannot answer. */
export async function onModel(
  subject: Subject,
  name: string,
  check: Check,
  body: (rig: Rig) => Promise<Finding>,
  settings = subject.settings,
): Promise<Finding> {
  const part = { check, about: name }
  const why = unmodelled(subject, name)
  if (why) return not(part, why)
  return guarded(part, 'model', () =>
    withModel(
      subject,
      name,
      async (rig) => {
        const finding = await guarded(part, 'model', () => body(rig))
        const { cannot } = rig.model.state
        return cannot ? not(part, `the model cannot answer: ${cannot}`) : finding
      },
      settings,
    ),
  )
}

async function pages(about: string, { stream, model, declared }: Rig): Promise<Finding> {
  const part = { check: 'pages', about } as const
  const size = pageSize(declared)
  for (const count of [0, 1, size, 2 * size, 2 * size + 1]) {
    model.state.records = records(count)
    model.state.repeatToken = count % 2 === 1
    const { read } = await readWindow(stream, START - MINUTE, START + WINDOW)
    const lost = missing(model.state.records, read)
    if (lost) return failed(part, 'model', `all ${count} records of a window`, lost)
  }
  return ok(part, 'model', `windows of 0 to ${2 * size + 1} records, to the last page and no further`)
}

/** Each time a page was served, one of its records changes and leaves the window. */
async function changes(subject: Subject, name: string): Promise<Finding> {
  const part = { check: 'gaps-changes', about: name } as const
  if (subject.connector.manifest.read![name]!.files)
    return not(part, 'a file that changes while it is read is another file')
  const stable = subject.hints.stable?.[name]
  if (stable) return not(part, `records never leave a window: ${stable}`)
  return onModel(subject, name, 'gaps-changes', (rig) => whileChanging(name, rig))
}

async function whileChanging(about: string, { stream, model, declared }: Rig): Promise<Finding> {
  const part = { check: 'gaps-changes', about } as const
  const { state } = model
  const size = pageSize(declared)
  state.records = records(4 * size + 2)
  const moved = new Set<string>()
  const until = START + WINDOW
  state.onPage = (served) => {
    const next = served.find((r) => !moved.has(r.id))
    if (!next || moved.size > size) return
    moved.add(next.id)
    const record = state.records.find((r) => r.id === next.id)!
    record.at = until + MINUTE * moved.size
    record.revision += 1
  }
  const { read } = await readWindow(stream, START - MINUTE, until)
  state.onPage = undefined as never
  const stayed = state.records.filter((r) => !moved.has(r.id))
  const lost = missing(stayed, read)
  const again = await readWindow(stream, until - MINUTE, until + WINDOW)
  const later = missing(
    state.records.filter((r) => moved.has(r.id)),
    again.read,
  )
  if (lost ?? later)
    return failed(
      part,
      'model',
      'every record, though others leave the window between two pages',
      (lost ?? later)!,
    )
  return ok(
    part,
    'model',
    `${moved.size} records changed between pages, none of ${state.records.length} was lost`,
  )
}

/** Many records of one instant, more than a page holds: a cursor that stands still must neither end nor loop. */
async function standing(about: string, { stream, model, declared }: Rig): Promise<Finding> {
  const part = { check: 'gaps-standing', about } as const
  model.state.records = records(3 * pageSize(declared) + 1, START, 0)
  model.state.repeatToken = true
  const { read } = await readWindow(stream, START - MINUTE, START + MINUTE)
  const lost = missing(model.state.records, read)
  if (lost) return failed(part, 'model', 'every record of one and the same instant', lost)
  return ok(part, 'model', `${model.state.records.length} records of one instant`)
}

/** The pipe knows a polled record by its id and bytes: read twice, both must be the same. */
async function twice(about: string, { stream, model }: Rig): Promise<Finding> {
  const part = { check: 'twice', about } as const
  model.state.records = records(3)
  const keys = async () =>
    (await readWindow(stream, START - MINUTE, START + WINDOW)).read.map((r) => `${r.id} ${r.shape} ${r.body}`)
  const all = new Set([...(await keys()), ...(await keys())])
  if (all.size !== 3) return failed(part, 'model', '3 records, read twice', `${all.size} by id and bytes`)
  return ok(part, 'model', 'read twice, the same ids and bytes')
}

async function numbers(about: string, { stream, connection, model, declared }: Rig): Promise<Finding> {
  const part = { check: 'numbers', about } as const
  model.state.records = records(2)
  const { read } = await readWindow(stream, START - MINUTE, START + WINDOW)
  const ids = missing(model.state.records, read)
  if (ids) return failed(part, 'model', 'ids beyond 2^53 to the last digit', ids)
  if (declared.list?.id === '$' && !declared.list.partial) return ok(part, 'model', 'ids beyond 2^53')
  for (const record of read) {
    // as text: a number would have lost digits
    if (!JSON.stringify(connection.parse(record)).includes(`"${DECIMAL}"`))
      return failed(part, 'model', 'a decimal of 21 digits as it was sent', 'another one, or none')
  }
  return ok(part, 'model', 'ids beyond 2^53 and decimals of 21 digits')
}

/** The list's window has edges at all. */
export function hasWindow({ list, rows, files }: StreamManifest): boolean {
  if (files) return false
  if (typeof rows === 'object') return rows.version !== undefined
  return namesIn(JSON.stringify(list ?? {})).includes('since')
}
