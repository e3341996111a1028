/** The reading side of the model remote: records, windows and pages as a stream's `list` and `fetch` declare them. */
import { pick } from '../connector/dotted.ts'
import type { Clock } from '../connector/manifest-http.ts'
import type { StreamManifest } from '../connector/manifest-read.ts'
import type { Captured } from './capture.ts'
import { EXACT, put, successful } from './envelope.ts'
import type { ModelParts, ModelRecord, Reply } from './model-parts.ts'
import { shown, sortable } from './wall-clock.ts'

/** Page size where the declaration names none. */
const SIZE = 5

/** The records of a window as the remote sorts them. */
function selected(
  parts: ModelParts,
  declared: StreamManifest,
  clock: Clock,
  values: Captured,
): ModelRecord[] {
  // in a JSON body seconds are numbers
  const edge = (name: 'since' | 'until') => {
    const value = values[name]
    const given = typeof value === 'number' || (typeof value === 'string' && value !== '')
    return given ? sortable(String(value), clock) : null
  }
  const [since, until] = [edge('since'), edge('until')]
  const found = parts.state.records.filter((record) => {
    const at = sortable(shown(record.at, clock), clock)
    // an edge in another form than the clock's is what a remote refuses: nothing is found
    return (
      record.visibleAt <= parts.state.now && (since === null || at >= since) && (until === null || at < until)
    )
  })
  const sign = declared.list?.page?.order === 'descending' ? -1 : 1
  return found.toSorted((a, b) => (a.at - b.at || (BigInt(a.id) < BigInt(b.id) ? -1 : 1)) * sign)
}

export function answerList(
  parts: ModelParts,
  stream: string,
  values: Captured,
  address: string,
): Reply | null {
  const declared = parts.manifest.read![stream]!
  const list = declared.list!
  const clock = parts.clock(list.clock)
  const all = selected(parts, declared, clock, values)
  const page = list.page
  const size = Number(values.size || page?.size || SIZE)
  const { from, token } = begin(page, all, values, size)
  const some = page ? all.slice(from, from + size) : all
  const more = page !== undefined && from + some.length < all.length
  const items = some.map((record) => itemOf(parts, stream, record, clock))
  const after = some.at(-1)
  const cursor = more && after ? `${after.at}_${after.id}` : ''
  let body = put(parts.recorded(stream, 'list') ?? {}, list.each, items)
  if (page?.total) body = put(body, page.total, all.length)
  if (page?.more) body = put(body, page.more, more)
  // some APIs repeat the last token instead of giving none
  if (page?.next) body = put(body, page.next, cursor || (parts.state.repeatToken ? token : ''))
  const tree = list.each === undefined ? items : successful(body, [parts.manifest.http?.answer])
  if (tree === null) return null
  const next = page?.style === 'link' && more ? `${address}kit_cursor=${cursor}` : null
  parts.state.pages += 1
  parts.state.onPage?.(some)
  return { status: 200, tree, ...(next ? { headers: { link: `<${next}>; rel="next"` } } : {}) }
}

type PageDeclared = NonNullable<NonNullable<StreamManifest['list']>['page']>

/** Where the page begins. Tokens and links remember the last record, numbers and offsets count. */
function begin(
  page: PageDeclared | undefined,
  all: ModelRecord[],
  values: Captured,
  size: number,
): { from: number; token: string } {
  const token = String(values.next ?? '')
  // lists by clock count too where a whole page has one instant: by page, or by offset where the call names it
  if (page?.style === 'offset' || values.offset !== undefined)
    return { from: Number(values.offset || 0), token }
  if (page?.style === 'token' || page?.style === 'link') {
    const [at, id] = token.split('_')
    if (!id) return { from: 0, token }
    const behind = all.findIndex(
      (r) => r.at > Number(at) || (r.at === Number(at) && BigInt(r.id) > BigInt(id)),
    )
    return { from: behind < 0 ? all.length : behind, token }
  }
  const first = page?.first ?? 1
  return { from: Math.max(0, Number(values.page ?? first) - first) * size, token }
}

/** A record in the shape of a recorded one, with an id beyond 2^53 and a decimal that no double holds. */
function itemOf(parts: ModelParts, stream: string, record: ModelRecord, clock: Clock): unknown {
  const declared = parts.manifest.read![stream]!
  const { list, fetch } = declared
  const path = list && list.id !== '$' ? list.id : (fetch?.id ?? 'id')
  const recorded = parts.recorded(stream, 'list')
  const items = pick(recorded, list?.each)
  if (list?.id === '$') return record.id
  const like = Array.isArray(items) ? items[0] : undefined
  const numeric = like === undefined || typeof pick(like, path) !== 'string'
  let item = put(like ?? {}, path, numeric ? EXACT + record.id : record.id)
  if (list?.page?.at) item = put(item, list.page.at, shown(record.at, clock))
  return { ...(item as object), kit: { revision: record.revision, decimal: EXACT + DECIMAL } }
}

/** Every record of the model carries it as a bare number. */
export const DECIMAL = '12345678901234567.0625'

export function answerFetch(parts: ModelParts, stream: string, values: Captured): Reply | null {
  const declared = parts.manifest.read![stream]!
  const ids = String(values.ids ?? values.id ?? '').split(',')
  const found = parts.state.records.filter((r) => ids.includes(r.id))
  const items = found.map((r) => fetched(parts, stream, r))
  const several = values.ids !== undefined
  if (!several && items.length === 0) return { status: 404, tree: {} }
  const body = put(parts.recorded(stream, 'fetch') ?? {}, declared.fetch!.each, several ? items : items[0])
  const tree = declared.fetch!.each === undefined ? body : successful(body, [parts.manifest.http?.answer])
  return tree === null ? null : { status: 200, tree }
}

function fetched(parts: ModelParts, stream: string, record: ModelRecord): unknown {
  const { fetch, list } = parts.manifest.read![stream]!
  const path = fetch?.id ?? (list && list.id !== '$' ? list.id : 'id')
  const recorded = pick(parts.recorded(stream, 'fetch'), fetch?.each)
  const like = Array.isArray(recorded) ? recorded[0] : recorded
  const numeric = like === undefined || typeof pick(like, path) !== 'string'
  const item = put(like ?? {}, path, numeric ? EXACT + record.id : record.id)
  return { ...(item as object), kit: { revision: record.revision, decimal: EXACT + DECIMAL } }
}
