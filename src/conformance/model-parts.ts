/** What the parts of the model remote share: its state, and how they answer. */
import type { Manifest } from '../connector/manifest.ts'
import type { Clock } from '../connector/manifest-http.ts'
import type { Captured } from './capture.ts'
import type { Fixture } from './fixture.ts'

export interface ModelRecord {
  id: string
  /** The instant that the list's window is about. Milliseconds. */
  at: number
  /** The index knows it from then on; milliseconds of the model's `now`. */
  visibleAt: number
  /** Grows with every change. */
  revision: number
}

export interface ModelDocument {
  id: string
  kind: string
  key: string
  /** What was sent, as a tree. */
  sent: unknown
  /** What was filled into the call that wrote it. */
  values: Captured
  /** Indexes of the steps that were done. */
  done: number[]
}

export interface Reply {
  status: number
  tree: unknown
  headers?: Record<string, string>
}

export interface ModelState {
  records: ModelRecord[]
  documents: ModelDocument[]
  /** Documents ever stored. */
  written: number
  /** List answers given. */
  pages: number
  /** What the index knows by now; milliseconds. */
  now: number
  /** Called when a page has been put together, before it is sent. */
  onPage?: (served: ModelRecord[]) => void
  /** The last token comes again instead of none. */
  repeatToken: boolean
  /** So many answers to writes are lost after the work was done. */
  loseAnswers: number
  /** Bodies of all requests. */
  bodies: string[]
  /** Why something could not be answered; null while all could. */
  cannot: string | null
}

export interface ModelParts {
  manifest: Manifest
  state: ModelState
  clock(of: Clock | undefined): Clock
  fixture(of: string, what: string): Fixture | undefined
  /** Body of a recorded answer of success. */
  recorded(of: string, what: string): unknown
}

export function emptyState(): ModelState {
  return {
    ...{ records: [], documents: [], written: 0, pages: 0, now: Number.POSITIVE_INFINITY },
    ...{ repeatToken: false, loseAnswers: 0, bodies: [], cannot: null },
  }
}
