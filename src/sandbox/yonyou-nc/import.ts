/** Imports the bills of one document under the server's deal rule (china.md §1.1, §1.6). */

import type { XmlElement } from '../xml.ts'
import type { BillResult } from './answer.ts'
import { readBill } from './bill.ts'
import type { Bill, BillType } from './bill-type.ts'
import { type Archives, checkBill } from './check.ts'
import type { Locks } from './locks.ts'
import type { DealRule } from './options.ts'
import { pluginRefusal, type Refusal, refusal } from './refusal.ts'
import { type Store, type StoredBill, totalOf } from './store.ts'

export interface ImportContext {
  store: Store
  archives: Archives
  types: ReadonlyMap<string, BillType>
  locks: Locks
  dealRule: DealRule
  /** Called with the locks held, before anything is written: where a slow import spends its time. */
  work(): Promise<void>
}

export interface ImportOutcome {
  results: BillResult[]
  /** What was committed, in order. */
  committed: readonly StoredBill[]
}

interface Read {
  id: string
  bill: Bill | null
  refused: Refusal | null
}

/** The bills of a document as far as their tags go; a document without any bill gives none. */
function readBills(root: XmlElement, text: string, type: BillType): Read[] {
  return root.children
    .filter((c) => c.name === type.wrapper)
    .map((element) => {
      const read = readBill(element, text, type)
      const id = element.attributes.id ?? ''
      return 'code' in read ? { id, bill: null, refused: read } : { id, bill: read, refused: null }
    })
}

/** The ids of a document's bills in their order, for the answer "received" of big-file mode. */
export function billIds(root: XmlElement, type: BillType): string[] {
  return root.children.filter((c) => c.name === type.wrapper).map((c) => c.attributes.id ?? '')
}

/** A copy of its own: a piece cut from the document's text would keep the whole text in memory. */
const ownCopy = (text: string) => Buffer.from(text).toString()

/** What one document is about to write, seen by its own later bills before it is committed. */
class Transaction {
  readonly staged: StoredBill[] = []
  readonly #store: Store
  readonly #type: BillType
  readonly #replace: boolean

  constructor(store: Store, type: BillType, attributes: Readonly<Record<string, string>>) {
    this.#store = store
    this.#type = type
    this.#replace = attributes.replace === 'Y'
  }

  #find(id: string): StoredBill | undefined {
    const own = id === '' ? undefined : this.staged.findLast((b) => b.id === id)
    return own ?? this.#store.find(this.#type.code, id)
  }

  #ownerOf(code: string): string | undefined {
    return this.staged.findLast((b) => b.code === code)?.pk ?? this.#store.ownerOf(code)
  }

  /** A code nobody has: letters of the type, the bill's date, and the counter that the key ends in. */
  #newCode(bill: Bill, pk: string): string {
    const day = bill.head[this.#type.day]!.slice(0, 10).replaceAll('-', '')
    const stem = `${this.#type.prefix}${day}${String(Number.parseInt(pk.slice(6), 36)).padStart(8, '0')}`
    let code = stem
    for (let i = 1; this.#ownerOf(code) !== undefined; i += 1) code = `${stem}-${i}`
    return code
  }

  /**
   * The id before the bill code: the platform looks in its id table before the plugin runs, so a bill sent
   * twice is -31000 even where it brings its own bill code.
   */
  stage(bill: Bill): Refusal | StoredBill {
    const before = this.#find(bill.id)
    if (before && !this.#replace) {
      return refusal('-31000', `单据已经导入过, 如需更新请设置 replace="Y" (${bill.id})`)
    }
    if (before && before.status !== 1)
      return pluginRefusal('-32000', '单据已审批, 不能更新', this.#type.plugin)
    const wanted = bill.head[this.#type.billCode] || before?.code || null
    const owner = wanted === null ? undefined : this.#ownerOf(wanted)
    if (owner !== undefined && owner !== before?.pk) {
      return pluginRefusal('-32001', `单据号 ${wanted} 已存在`, this.#type.plugin)
    }
    const pk = before?.pk ?? this.#store.nextKey()
    const stored: StoredBill = {
      id: ownCopy(bill.id),
      pk,
      billtype: this.#type.code,
      code: wanted ? ownCopy(wanted) : this.#newCode(bill, pk),
      status: bill.head[this.#type.status] === '2' ? 2 : 1,
      total: totalOf(bill, this.#type),
      received: before?.received ?? new Date().toISOString(),
      updates: before ? before.updates + 1 : 0,
      raw: Buffer.from(bill.raw),
    }
    this.staged.push(stored)
    return stored
  }
}

function stageAll(reads: readonly Read[], context: ImportContext, root: XmlElement, type: BillType) {
  const transaction = new Transaction(context.store, type, root.attributes)
  const exchange = root.attributes.isexchange === 'Y'
  const results: BillResult[] = reads.map(({ id, bill, refused }) => {
    const why = refused ?? checkBill(bill!, context.archives, exchange, type)
    if (why) return { id, refused: why, content: '' }
    const staged = transaction.stage(bill!)
    return 'pk' in staged ? { id, refused: null, content: staged.pk } : { id, refused: staged, content: '' }
  })
  return { results, staged: transaction.staged }
}

function rolledBack(results: readonly BillResult[]): BillResult[] {
  const why = refusal('-31004', '本单据没有问题, 因同一文档中其他单据处理失败而回滚')
  return results.map((r) => (r.refused ? r : { ...r, refused: why, content: '' }))
}

function locked(read: Read): Read {
  return { ...read, refused: refusal('-40000', '单据正在被其他请求处理, 加锁失败') }
}

/**
 * Imports a document that passed the envelope. Locks bill type + id of every bill, waits for a lock as long
 * as the platform does, then checks and writes in one go. With `file` the stored document is marked as
 * imported in the same write.
 */
export async function importDocument(
  root: XmlElement,
  text: string,
  context: ImportContext,
  file?: number,
): Promise<ImportOutcome> {
  const type = context.types.get(root.attributes.billtype!)!
  const reads = readBills(root, text, type)
  if (reads.length === 0) {
    context.store.commit([], file)
    const refused = refusal('-31006', `文档中没有单据标签 ${type.wrapper}`)
    return { results: [{ id: '', refused, content: '' }], committed: [] }
  }
  const held = await context.locks.take(reads.map((r) => (r.id ? `${root.attributes.billtype} ${r.id}` : '')))
  try {
    await context.work()
    const usable = reads.map((read, i) => (held.got[i] ? read : locked(read)))
    const { results, staged } = stageAll(usable, context, root, type)
    if (context.dealRule === 'per-bill') {
      context.store.commit(
        staged.map((bill) => [bill]),
        file,
      )
      return { results, committed: staged }
    }
    const whole = results.every((r) => r.refused === null)
    context.store.commit(whole ? [staged] : [], file)
    return whole ? { results, committed: staged } : { results: rolledBack(results), committed: [] }
  } finally {
    held.release()
  }
}
