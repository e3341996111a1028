/** What operations on untouched records answer; part of `operations.ts`, whose rules hold here too. */

/** What is left of a record's bytes; `none`: a hint, of which none are kept. */
export type RecordBytes = 'kept' | 'trimmed' | 'damaged' | 'none'

/** What a system sent, without the bytes themselves. */
export interface RecordSummary {
  id: string
  connection: string
  stream: string
  shape: string
  externalId: string | null
  /** How it came. `replay`: it was mapped again since. */
  origin: 'webhook' | 'poll' | 'fetch' | 'file' | 'replay'
  /** `new`: waits to be mapped; `hint`: waits to be fetched by its external id. */
  state: 'new' | 'hint' | 'done' | 'parked' | 'discarded'
  contentType: string
  /** Bytes as they came; null for a hint. */
  size: number | null
  /** Lists do not look into the bytes: damage inside them is only told of one record. */
  bytes: RecordBytes
  attempts: number
  receivedAt: string
  doneAt: string | null
}

export interface RecordDetail extends RecordSummary {
  /** Hex, of the bytes as they came; null unless they are `kept`. */
  sha256: string | null
}

/** The exact bytes, which hold personal data. */
export interface RecordBody {
  id: string
  contentType: string
  /** base64 */
  body: string
}
