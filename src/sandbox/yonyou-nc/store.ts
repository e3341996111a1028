/**
 * What this NC holds: the bills, the table (bill type, external id) → primary key, the bill codes, and in
 * big-file mode the documents not yet imported and the bills not yet acknowledged. Everything is replayed
 * from the append-only log.
 */
import { addDecimal } from '../../core/money.ts'
import { type Log, openLog } from '../log.ts'
import type { Bill, BillType } from './bill-type.ts'

/** A committed bill. A change replaces the whole object. */
export interface StoredBill {
  readonly id: string
  /** The 20-character primary key. */
  readonly pk: string
  readonly billtype: string
  /** The bill's code, the sender's or generated. */
  readonly code: string
  /** 1 free, 2 approved. */
  readonly status: 1 | 2
  /** Sum of the rows, tax included: a decimal in the bill's currency. */
  readonly total: string
  /** When it was first committed (ISO 8601, UTC). */
  readonly received: string
  readonly updates: number
  /** UTF-8 of the element as it came; bytes, because there may be a hundred thousand of them. */
  readonly raw: Buffer
}

/** A document stored in big-file mode; its envelope has been checked already. */
export interface StoredFile {
  readonly n: number
  readonly at: string
  readonly text: string
}

type StoredEvent =
  | { t: 'bills'; bills: (Omit<StoredBill, 'raw'> & { raw: string })[] }
  | { t: 'file'; n: number; at: string; text: string }
  | { t: 'imported'; n: number }
  | { t: 'acknowledged'; pk: string; updates: number }

const idKey = (billtype: string, id: string) => `${billtype} ${id}`

/** The amount that the rows of a bill add up to, tax included, in its currency. */
export function totalOf(bill: Bill, { amount }: BillType): string {
  return bill.rows.reduce((sum, row) => addDecimal(sum, row[amount] || '0'), '0')
}

/** 20 characters as NC's own keys: group and time parts first, then a counter. */
function keyOf(sequence: number): string {
  return `1001A1${sequence.toString(36).toUpperCase().padStart(14, '0')}`
}

/** The store; it lives as long as the server and owns the log. */
export class Store {
  readonly #bills = new Map<string, StoredBill>()
  readonly #byId = new Map<string, string>()
  readonly #byCode = new Map<string, string>()
  readonly #files = new Map<number, StoredFile>()
  /** Primary key → the number of updates at the last acknowledgement. */
  readonly #acknowledged = new Map<string, number>()
  readonly #log: Log<StoredEvent>
  #sequence = 0
  #fileNumber = 0

  /** Opens it over the log at `path`, or empty and forgetful without one. Throws when the log is damaged. */
  constructor(path: string | undefined) {
    this.#log = openLog<StoredEvent>(path, (event) => this.#replay(event))
  }

  /** By primary key, oldest first. */
  get bills(): ReadonlyMap<string, StoredBill> {
    return this.#bills
  }

  /** By bill type and external id; an empty id is never found. */
  find(billtype: string, id: string): StoredBill | undefined {
    return id === '' ? undefined : this.#bills.get(this.#byId.get(idKey(billtype, id)) ?? '')
  }

  /** The primary key of the bill that has this code. */
  ownerOf(code: string): string | undefined {
    return this.#byCode.get(code)
  }

  nextKey(): string {
    this.#sequence += 1
    return keyOf(this.#sequence)
  }

  /**
   * Commits `groups`, each atomically, and in the same write marks the stored file that they came from as
   * imported. The log has them before this returns.
   */
  commit(groups: readonly (readonly StoredBill[])[], importedFile?: number): void {
    const events: StoredEvent[] = groups.map((group) => ({
      t: 'bills',
      bills: group.map((bill) => ({ ...bill, raw: bill.raw.toString() })),
    }))
    if (importedFile !== undefined) events.push({ t: 'imported', n: importedFile })
    this.#log.appendAll(events)
    for (const group of groups) for (const bill of group) this.#put(bill)
    if (importedFile !== undefined) this.#files.delete(importedFile)
  }

  /** Keeps a document for its later import. */
  keepFile(text: string): StoredFile {
    this.#fileNumber += 1
    const file = { n: this.#fileNumber, at: new Date().toISOString(), text }
    this.#log.append({ t: 'file', ...file })
    this.#files.set(file.n, file)
    return file
  }

  /** Documents kept but not yet imported, oldest first. */
  waitingFiles(): StoredFile[] {
    return [...this.#files.values()]
  }

  markAcknowledged(bill: StoredBill): void {
    this.#log.append({ t: 'acknowledged', pk: bill.pk, updates: bill.updates })
    this.#acknowledged.set(bill.pk, bill.updates)
  }

  /** Bills whose latest version has not been acknowledged, oldest first. */
  unacknowledged(): StoredBill[] {
    return [...this.#bills.values()].filter((b) => (this.#acknowledged.get(b.pk) ?? -1) < b.updates)
  }

  close(): void {
    this.#log.close()
  }

  #put(bill: StoredBill): void {
    const before = this.#bills.get(bill.pk)
    if (before) this.#byCode.delete(before.code)
    this.#bills.set(bill.pk, bill)
    this.#byCode.set(bill.code, bill.pk)
    if (bill.id !== '') this.#byId.set(idKey(bill.billtype, bill.id), bill.pk)
  }

  #replay(event: StoredEvent): void {
    if (event.t === 'bills') {
      for (const bill of event.bills) {
        this.#put({ ...bill, raw: Buffer.from(bill.raw) })
        this.#sequence = Math.max(this.#sequence, Number.parseInt(bill.pk.slice(6), 36))
      }
    } else if (event.t === 'file') {
      this.#files.set(event.n, { n: event.n, at: event.at, text: event.text })
      this.#fileNumber = event.n
    } else if (event.t === 'imported') this.#files.delete(event.n)
    else this.#acknowledged.set(event.pk, event.updates)
  }
}
