/** The `read` section of `connector.yaml`: streams of records. */
import { type Static, Type } from 'typebox'
import { DOCUMENT_KINDS } from '../core/states.ts'
import { CALL } from './manifest-call.ts'
import { ClockSchema } from './manifest-http.ts'
import { DottedPath, Duration, object, optional, Text, words } from './manifest-parts.ts'
import { RowsOrSetting, TableOrSetting } from './manifest-source.ts'

/**
 * How a list goes on. `number` `{page}`; `offset` `{offset}`; `token` `{next}`; `link`: the address of the header
 * `Link` (RFC 8288) with rel next; `clock`: the window is cut at the last record's own instant, so that nothing slips
 * between two pages while records change.
 */
const PageSchema = object({
  style: words('number', 'offset', 'token', 'link', 'clock'),
  size: optional(Type.Integer({ minimum: 1 })),
  /** Number of the first page, default 1. */
  first: optional(Type.Integer({ minimum: 0 })),
  /** Token of the next page. */
  next: optional(DottedPath),
  /** Says whether there is another page: true, "true" or 1. */
  more: optional(DottedPath),
  /** Number of all records of the window. */
  total: optional(DottedPath),
  /** Numbered pages from the last to the first: for lists from which changed records leave while they are read. Needs `total`. */
  backwards: optional(Type.Boolean()),
  /** `clock`: where a record holds the instant that the window is about, written as `{since}` is. */
  at: optional(DottedPath),
  /** `clock`: how the list is sorted; default ascending. */
  order: optional(words('ascending', 'descending')),
})

const ListSchema = object({
  ...CALL,
  /** Where the answer holds the records; default: it is the list. */
  each: optional(DottedPath),
  /** Id of each record; `$` is the record itself, where the list holds nothing but ids. */
  id: Type.Union([DottedPath, Type.Literal('$')]),
  page: optional(PageSchema),
  /** Longest window that the API takes; longer ones are read one after the other. */
  window: optional(Duration),
  /** The API leaves out records of the very instants `{since}` and `{until}`: both are moved outward by one step. */
  exclusive: optional(Type.Boolean()),
  /** How far back the API reads at all. */
  reach: optional(Duration),
  /** Of `{since}` and `{until}`, where it is not `http.clock`. */
  clock: optional(ClockSchema),
  /** The list only names the records (or holds parts of them): each is read by `fetch`. */
  partial: optional(Type.Boolean()),
})
export type ListManifest = Static<typeof ListSchema>

const FetchSchema = object({
  ...CALL,
  /** Where the answer holds the record, or the list of them where `{ids}` are asked for. */
  each: optional(DottedPath),
  /** With `{ids}`: how many at most; they are joined by commas. */
  by: optional(Type.Integer({ minimum: 1 })),
  /** With `{ids}`: id of each record; default that of the list. */
  id: optional(DottedPath),
})
export type FetchManifest = Static<typeof FetchSchema>

/** How many records the source has in a window: a call, unless a hook asks or the list states its `total`. */
const CountSchema = object({
  ...CALL,
  /** Default: the answer is the number. */
  at: optional(DottedPath),
  /** False: an estimate or a lower bound. Default true for a call, false for the total of a list. */
  exact: optional(Type.Boolean()),
  /** The mapping's `version` is the instant by which the windows run, so that ours can be counted by it. */
  by: optional(words('version')),
})

export const StreamSchema = object({
  document: words(...DOCUMENT_KINDS),
  every: optional(Text),
  lag: optional(Duration),
  overlap: optional(Duration),
  refresh: optional(Duration),
  shapes: Type.Record(Type.String(), Text),
  /** The shape of polled and fetched records; default: the first of `shapes`. */
  shape: optional(Text),
  list: optional(ListSchema),
  /** Read from the database of `sql`: one record per row. Or a setting that says so: `{order}`. */
  rows: optional(RowsOrSetting),
  /** Read from the files of `files`. Or a setting that says so. */
  files: optional(TableOrSetting),
  fetch: optional(FetchSchema),
  count: optional(CountSchema),
  /** Length of a window when history is read; default 1d, and longer while nothing is found. */
  history: optional(Duration),
  /** The document's field that the platform promises to number without gaps. */
  sequential: optional(words('externalId', 'number')),
  /** The class of its calls, where they name none of their own. */
  limit: optional(Text),
})
export type StreamManifest = Static<typeof StreamSchema>
