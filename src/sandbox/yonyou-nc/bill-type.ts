/** What a bill type of the exchange platform is: its tags, its fields, and the rules of its plugin. Data only. */
import type { Archive } from './fields.ts'
import type { Refusal } from './refusal.ts'

/** Fields by name; empty elements are '' (NC does not tell empty from absent). */
export type Fields = Readonly<Record<string, string>>

export interface Bill {
  /** The external document id, the idempotency key; '' when the sender states none (samples show it empty). */
  readonly id: string
  readonly head: Fields
  readonly rows: readonly Fields[]
  /** The decoded text of the element as it came. */
  readonly raw: string
}

/** Releases of NC that differ in how bills are written. */
export type Release = '6' | '5'

export interface BillType {
  readonly code: string
  /** The class that failures name (china.md §1.4); made up where the facts name none. */
  readonly plugin: string
  /** The element of one bill; in 5.x also the document's `roottag`. */
  readonly wrapper: string
  readonly head: string
  /** The element that holds the rows: inside the head in 6.x, beside it in 5.x. */
  readonly body: string
  readonly inside: boolean
  /** The element of one row. */
  readonly row: string
  readonly requiredHead: readonly string[]
  readonly requiredRow: readonly string[]
  /** Every field there is, where the facts list them; null: any. */
  readonly headFields: ReadonlySet<string> | null
  readonly rowFields: ReadonlySet<string> | null
  readonly archives: ReadonlyMap<string, Archive>
  /** Fields that hold decimals and dates, where names do not tell by their first letter (receivables). */
  readonly decimals?: RegExp
  readonly dates?: RegExp
  /** Head fields that matter to the store: the key, the bill's code and date, its status. */
  readonly pk: string
  readonly billCode: string
  readonly day: string
  readonly status: string
  /** Row field whose sum is the bill's total; head field that states it. */
  readonly amount: string
  readonly total: string
  /** What codes that NC makes itself begin with. */
  readonly prefix: string
  rules(bill: Bill): Refusal | null
}
