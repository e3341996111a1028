/** What the types of several operations share; see operations.ts. */

/** Plain JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** A text in both languages, for answers that are made where the language of the reader is not known. */
export interface Bilingual {
  en: string
  zh: string
}

/** Lists are read page by page: `limit` 1–500 (default 50), `after` is the `next` of the page before. */
export interface PageQuery {
  limit?: number
  after?: string
}

export interface PageOf<T> {
  items: T[]
  /** Opaque; null on the last page. */
  next: string | null
}

/** One event of the journal: the story of an order is these in order. */
export interface JournalEntry {
  at: string
  /** received, mapped, unchanged, stale, planned, shadowed, history, withdrawn, rendered, sending, confirmed, accepted, refused, not-done, unknown, found, bound, parked, retried, resolved, discarded, shipped, task… */
  event: string
  connection: string | null
  push: string | null
  /** Values for the text of the event (counts, codes, numbers, rule versions); never personal data. */
  detail: { [key: string]: Json }
}

/** Whose hand it was: kept in the journal. */
export interface Actor {
  /** OS user or token name. */
  by: string
  why?: string
}

/** Either ids, or everything that a filter matches. */
export type Selection<F> = { ids: string[] } | { filter: F }

export interface Changed {
  changed: string[]
  /** Asked for but left as they were, with the reason. */
  skipped: { id: string; why: Bilingual }[]
}
