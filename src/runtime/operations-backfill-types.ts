/** What the operations on backfills and on checks of completeness take and give; see operations.ts. */
import type { BackfillState, CheckState } from '../core/states.ts'
import type { Actor, PageOf, PageQuery } from './operations-parts.ts'

/** Either a range of the source's clock [since, until) or ids of the source. `until` left out: now. */
export interface BackfillRequest {
  connection: string
  stream: string
  since?: string
  until?: string
  ids?: string[]
}

export interface BackfillPreview {
  connection: string
  stream: string
  since: string | null
  until: string | null
  /** How many ids were named; null for a range. */
  ids: number | null
  /** What the source says it has in the range; null where it cannot count. */
  count: number | null
  /** False: an estimate or a lower bound. */
  exact: boolean
}

export interface BackfillItem {
  id: string
  connection: string
  stream: string
  since: string | null
  until: string | null
  ids: number | null
  state: BackfillState
  /** What the source said beforehand. */
  total: number | null
  exact: boolean
  /** Records read so far, and how many of them had not been seen before, byte for byte. */
  read: number
  added: number
  /** Up to where the range has been read, or how many of the ids were asked for. */
  readUntil: string | null
  asked: number | null
  /** Ids that the source does not have; the first hundred. */
  absent: { count: number; first: string[] }
  /** Code of the last failure; null once a page came again. */
  error: string | null
  /** Failures in a row. */
  attempts: number
  /** Somebody works on it now. */
  held: boolean
  by: string
  why: string | null
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
}

export interface CompletenessRequest {
  connection: string
  /** Left out: every stream whose source lists what it has. */
  stream?: string
  /** Business days of the company, YYYY-MM-DD; the last one is included, and left out is yesterday. */
  since?: string
  until?: string
  /** Compare ids although the counts may agree. */
  list?: boolean
}

export interface CompletenessItem {
  id: string
  connection: string
  stream: string
  day: string
  /** Between which instants it was looked. */
  since: string
  until: string
  state: CheckState
  /** What the source has, by its own count or by its list. */
  source: number | null
  /** What was here before anything was fetched. */
  ours: number | null
  /** Missing at first, and here now. */
  arrived: number
  /** Said to exist, and could not be had. */
  missing: number
  detail: CompletenessDetail
  error: string | null
  by: string
  why: string | null
  createdAt: string
  checkedAt: string | null
}

/** How many, and the first hundred of them. */
export interface Named {
  count: number
  first: string[]
}

export interface CompletenessDetail {
  /** The source's own count is an estimate. */
  about?: boolean
  /** How many things the source listed; absent where the counts agreed. */
  listed?: number
  /** Ids that were missing at first; the first hundred. */
  arrived?: string[]
  /** Known, but the source's bytes had changed. */
  refreshed?: number
  /** Listed, but no document: parked, or still to be mapped. */
  undone?: Named
  /** Numbers or ids of a gapless sequence that nothing here has. */
  gaps?: Named
  /** Of those, ids that the source does not have either. */
  gone?: number
  /** Our count once what arrived was mapped. */
  oursAfter?: number
}

export interface BackfillOperations {
  /** Asks the source how much there is; changes nothing. Throws RUNTIME_REQUEST, RUNTIME_UNKNOWN, CONNECTOR_*. */
  backfillPreview(request: BackfillRequest): Promise<BackfillPreview>
  /** Writes it down and wakes whoever works. `total`: from the preview; left out: the source is asked. */
  backfillStart(
    request: BackfillRequest & Actor & { total?: { count: number; exact: boolean } },
  ): Promise<BackfillItem>
  /** Newest first. */
  backfillList(
    filter: PageQuery & { connection?: string; stream?: string; state?: BackfillState },
  ): Promise<PageOf<BackfillItem>>
  backfillShow(request: { id: string }): Promise<BackfillItem>
  /** Throws RUNTIME_STATE where its state forbids it. */
  backfillPause(request: { id: string } & Actor): Promise<BackfillItem>
  /** Goes on where it was; a failed one is tried again. */
  backfillResume(request: { id: string } & Actor): Promise<BackfillItem>
  /** What was read stays. */
  backfillCancel(request: { id: string } & Actor): Promise<BackfillItem>
  /** Writes the checks down, one per stream and day, and wakes whoever works. At most 92 days. */
  completenessCheck(request: CompletenessRequest & Actor): Promise<CompletenessItem[]>
  /** Newest first. `open`: only those with something missing, or that failed. `ids`: just these. */
  completenessList(
    filter: PageQuery & {
      connection?: string
      stream?: string
      day?: string
      open?: boolean
      ids?: string[]
    },
  ): Promise<PageOf<CompletenessItem>>
  completenessShow(request: { id: string }): Promise<CompletenessItem>
}

/** Their names; see OPERATIONS. */
export const BACKFILL_OPERATIONS = [
  'backfillPreview',
  'backfillStart',
  'backfillList',
  'backfillShow',
  'backfillPause',
  'backfillResume',
  'backfillCancel',
  'completenessCheck',
  'completenessList',
  'completenessShow',
] as const
