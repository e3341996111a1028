/**
 * Lists that are read page by page, as `read.<stream>.list` declares them. Every style keeps its place as plain JSON, so
 * that a window goes on where it stopped. A list whose records move while it is read loses none: pages are counted
 * from the end, or the window is cut at the records' own clock.
 */
import { connectorError } from '../core/errors/connector.ts'
import type { Page, PageRequest, RawRecord } from '../core/ports.ts'
import type { Answered, Caller } from './caller.ts'
import { clockInstant, clockValue, granularity } from './clock.ts'
import { pick, textAt } from './dotted.ts'
import type { Clock } from './manifest-http.ts'
import type { ListManifest } from './manifest-read.ts'
import { type Item, recordsOf } from './records-of.ts'

/** Where a window stands. All but `style`-specific members are left at their start. */
interface Place {
  page: number
  offset: number
  next: string
  /** Of `clock`: the part of the window that is still to be read, RFC 3339; null: the whole. */
  since: string | null
  until: string | null
  /** Of `backwards`: the last page is known, and it goes down from there. */
  down: boolean
  /** Of `clock`: one instant is being read downwards, and this part of the window is left after it. */
  after: { since: string; until: string } | null
}

/** One page, and where to go on; null at the end. */
interface Read {
  items: Item[]
  next: Place | null
}

export interface ListOptions {
  list: ListManifest
  shape: string
  caller: Caller
  clock: Clock
}

type ReadPage = (request: PageRequest, signal: AbortSignal) => Promise<Page>

/** Reads one page of a window; `whole` gives the full records where the list only names them. */
export function listPages(
  options: ListOptions,
  whole: ((ids: string[], signal: AbortSignal) => Promise<RawRecord[]>) | null,
): ReadPage {
  return async (request, signal) => {
    const place = (request.resume as Place | null) ?? startOf(options.list)
    const { items, next } = await readPlace(options, request, place, signal)
    if (!whole) return { records: items.map((item) => item.record), next }
    const ids = [...new Set(items.map((item) => item.record.id))]
    return { records: ids.length === 0 ? [] : await whole(ids, signal), next }
  }
}

function startOf({ page }: ListManifest): Place {
  return { page: page?.first ?? 1, offset: 0, next: '', since: null, until: null, down: false, after: null }
}

async function readPlace(
  options: ListOptions,
  request: PageRequest,
  place: Place,
  signal: AbortSignal,
): Promise<Read> {
  const { list, caller, clock, shape } = options
  const since = place.since === null ? request.since : new Date(place.since)
  const until = place.until === null ? request.until : new Date(place.until)
  const values = {
    ...place,
    ...edges(list, clock, { since, until }),
    size: list.page?.size ?? '',
    counted: place.down,
  }
  const { limit, headers } = list
  const linked = { get: place.next, ...(headers ? { headers } : {}), ...(limit ? { limit } : {}) }
  const call = place.next !== '' && list.page?.style === 'link' ? linked : list
  const answered = await caller.read({ call, values, signal })
  const items = recordsOf(answered, list, shape, saysNothing(list, place, answered))
  return { items, next: follow(options, { since, until }, place, answered, items) }
}

/** `{since}` and `{until}` of a window, as the list wants them. */
export function edges(
  list: ListManifest | undefined,
  clock: Clock,
  { since, until }: { since: Date; until: Date },
): { since: string | number; until: string | number } {
  const step = list?.exclusive ? granularity(clock) : 0
  return {
    since: clockValue(new Date(since.getTime() - step), clock, 'since'),
    until: clockValue(new Date(until.getTime() + step), clock, 'until'),
  }
}

function follow(
  { list, clock }: ListOptions,
  window: { since: Date; until: Date },
  place: Place,
  answered: Answered,
  items: Item[],
): Place | null {
  const style = list.page?.style
  if (!style) return null
  if (style === 'token') return byToken(list, place, answered)
  if (style === 'link') return byLink(place, answered)
  if (list.page?.backwards) return downwards(list, place, answered)
  if (place.after) return downwards(list, place, answered) ?? afterInstant(list, place.after)
  if (!hasMore(list, place, answered, items)) return null
  if (style === 'clock') return byClock(list, clock, window, place, items)
  return { ...place, page: place.page + 1, offset: place.offset + items.length }
}

function byToken(list: ListManifest, place: Place, { value }: Answered): Place | null {
  const next = textAt(value, list.page?.next) ?? ''
  if (list.page?.more && !isTrue(pick(value, list.page.more))) return null
  // A token that comes back unchanged would be followed for ever.
  return next === '' || next === place.next ? null : { ...place, next }
}

/**
 * `Link: <https://…/orders?page=2>; rel="next"` (RFC 8288), relative to what was asked, followed under the same base
 * whatever host it names: credentials go nowhere else.
 */
function byLink(place: Place, { answer, asked }: Answered): Place | null {
  const links = (answer.headers.link ?? '').matchAll(/<([^>]*)>\s*((?:;[^,<]*)*)/g)
  for (const [, address, parameters] of links) {
    if (!/;\s*rel\s*=\s*"?[^"]*\bnext\b/i.test(parameters!)) continue
    const next = underBase(new URL(address!, asked.base + asked.path), asked.base)
    return next === place.next ? null : { ...place, next }
  }
  return null
}

/** What is to be appended to the base; a gateway may put its own path before what the system behind it names. */
function underBase({ pathname, search }: URL, base: string): string {
  const own = new URL(base).pathname.replace(/\/$/, '')
  const path = own !== '' && pathname.startsWith(`${own}/`) ? pathname.slice(own.length) : pathname
  // braces of an address are no names of a template
  return `${path}${search}`.replace(/[{}]/g, encodeURIComponent)
}

/** The first answer tells how many pages there are; then from the last one to the first. */
function downwards(list: ListManifest, place: Place, { value }: Answered): Place | null {
  const first = list.page?.first ?? 1
  if (place.down) return place.page > first ? { ...place, page: place.page - 1 } : null
  const total = Number(textAt(value, list.page?.total) ?? Number.NaN)
  const size = list.page?.size ?? 0
  if (!(Number.isFinite(total) && size > 0))
    throw unreadable(`${list.page?.total ?? 'total'} is not a number`)
  const last = first + Math.ceil(total / size) - 1
  return last > first ? { ...place, page: last, down: true } : null
}

function hasMore(list: ListManifest, place: Place, { value }: Answered, items: Item[]): boolean {
  const { more, total, size, first = 1 } = list.page ?? {}
  if (more) return isTrue(pick(value, more))
  const all = total ? Number(textAt(value, total) ?? Number.NaN) : Number.NaN
  if (Number.isFinite(all) && list.page?.style !== 'clock') {
    const read =
      list.page?.style === 'offset' ? place.offset + items.length : (place.page - first + 1) * (size ?? 1)
    return items.length > 0 && read < all
  }
  return items.length > 0 && items.length >= (size ?? 1)
}

/**
 * By its count, which may leave nothing for this page (records left the list since it was counted), or by saying that
 * there are no more: then some APIs leave the empty list out.
 */
function saysNothing({ page }: ListManifest, place: Place, { value }: Answered): boolean {
  if (page?.total) {
    const before = page.style === 'number' ? (place.page - (page.first ?? 1)) * (page.size ?? 0) : 0
    if (Number(textAt(value, page.total) ?? Number.NaN) <= before) return true
  }
  const more = page?.more ? pick(value, page.more) : undefined
  return more !== undefined && !isTrue(more)
}

const isTrue = (value: unknown): boolean => value === true || value === 1 || value === '1' || value === 'true'

/** One instant has been read; what is left of the window, if anything. */
function afterInstant(list: ListManifest, { since, until }: NonNullable<Place['after']>): Place | null {
  return Date.parse(since) < Date.parse(until) ? { ...startOf(list), since, until } : null
}

/**
 * The window is cut at the instant of the page's last record, which is read once more. Where a whole page has one
 * instant, that instant alone is read from its last page to its first (a record that changes leaves it, and those
 * behind move up), where the list counts; by number where it does not.
 */
function byClock(
  list: ListManifest,
  clock: Clock,
  window: { since: Date; until: Date },
  place: Place,
  items: Item[],
): Place {
  const path = list.page?.at
  const last = items.at(-1)?.item
  const at = clockInstant(textAt(last, path) ?? '', clock)
  if (!at) throw unreadable(`a record without an instant at ${path ?? '(page.at)'}`)
  const first = list.page?.first ?? 1
  const descending = list.page?.order === 'descending'
  const edge = descending ? new Date(at.getTime() + granularity(clock)) : at
  const before = descending ? window.until : window.since
  if (descending ? edge < before : edge > before) {
    const cut = edge.toISOString()
    return { ...place, page: first, offset: 0, ...(descending ? { until: cut } : { since: cut }) }
  }
  if (list.page?.total) {
    const [from, to] = [at.toISOString(), new Date(at.getTime() + granularity(clock)).toISOString()]
    const after = descending
      ? { since: window.since.toISOString(), until: from }
      : { since: to, until: window.until.toISOString() }
    return { ...startOf(list), since: from, until: to, after }
  }
  return { ...place, page: place.page + 1, offset: place.offset + items.length }
}

function unreadable(reason: string): Error {
  return connectorError('CONNECTOR_ANSWER_UNREADABLE', { reason })
}
