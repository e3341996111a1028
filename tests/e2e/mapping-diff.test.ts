/** `tributary mapping diff` on a ledger that the real pipe filled, beside the running process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FieldGroup, OutcomeGroup, Subject, Verdict } from '../../src/mapping/diff-report.ts'
import { judgeRecord } from '../../src/pipeline/mapping-diff.ts'
import { parseConfig } from '../../src/runtime/config.ts'
import { openConnections } from '../../src/runtime/connections.ts'
import { createLog } from '../../src/runtime/log.ts'
import type { MappingDiffAnswer } from '../../src/runtime/mapping-diff.ts'
import type { Operations } from '../../src/runtime/operations.ts'
import { openStage, type Product, type Stage, until } from './stage.ts'

const ROOT = join(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'src/cli/main.ts')
const ORDERS = 320

let stage: Stage
let product: Product
let config: string

beforeAll(async () => {
  stage = await openStage({ erp: 'nc', polls: true, flow: { mode: 'shadow' } })
  config = join(stage.folder, 'tributary.yaml')
  writeFileSync(config, stage.config())
  const expected = await stage.shop.sell(ORDERS, { hard: true, changes: false })
  product = await stage.start()
  await untilThrough()
  // some orders have a second version, and so an older record
  for (const { orderId } of expected.filter((e) => e.expect === 'document').slice(0, 12)) {
    await stage.shop.change(orderId, 'edit')
  }
  await until(
    'the edits are mapped',
    async () => (await product.running.operations.stats({})).received >= ORDERS + 12,
  )
  await untilThrough()
}, 240_000)
afterAll(() => stage?.close())

function untilThrough() {
  return until(
    'all orders are through',
    async () => {
      const { orders, parked, waiting } = await product.running.operations.stats({})
      return orders + parked >= ORDERS && waiting.inbox + waiting.fetch + waiting.planned === 0
    },
    120_000,
  )
}

interface Ran {
  code: number | null
  out: string
  err: string
}

function tributary(args: string[], heard?: (child: ChildProcess, err: string) => void): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, '--config', config, ...args], { cwd: stage.folder })
  const ran: Ran = { code: null, out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    ran.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    ran.err += chunk
    heard?.(child, ran.err)
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })))
}

async function diff(...args: string[]): Promise<{ code: number | null; answer: MappingDiffAnswer }> {
  const { code, out, err } = await tributary(['--json', 'mapping', 'diff', ...args])
  if (out === '') throw new Error(`nothing on standard output: ${err}`)
  return { code, answer: JSON.parse(out) }
}

/** A copy of a bundled mapping with some lines replaced; every one of them must be there. */
function changed(mapping: string, replaced: Record<string, string>): string {
  let text = readFileSync(join(ROOT, 'mappings', mapping), 'utf8')
  for (const [line, by] of Object.entries(replaced)) {
    if (!text.includes(line)) throw new Error(`${mapping} has no ${line}`)
    text = text.replace(line, by)
  }
  const file = join(stage.folder, 'changed', mapping)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
  return file
}

interface Raw {
  name: string
  note: string | null
  displayFinancialStatus: string
  totalDiscountsSet: { shopMoney: { amount: string } }
  lineItems: { nodes: { sku: string | null }[] }
}

/** The newest bytes of every order, read without any mapping. */
async function rawOrders(operations: Operations): Promise<Raw[]> {
  const raw: Raw[] = []
  for (const { id } of await stage.shop.orders()) {
    const { items } = await operations.recordList({ order: `shop/${id}` })
    const { body } = await operations.recordBody({ id: items[0]!.id })
    raw.push(JSON.parse(Buffer.from(body, 'base64').toString()))
  }
  return raw
}

/** Every record that counts, under the changed file, one by one. */
async function judgeAll(file: string, told: (subject: Subject, verdict: Verdict) => void): Promise<void> {
  const parsed = parseConfig(stage.config(), config, {})
  const connections = await openConnections(parsed, createLog({ level: 'error' }), {
    instead: (_, name) => (name === 'order.in' ? file : undefined),
  })
  const changed = { connections, company: parsed.company }
  const targets = [{ connection: 'shop', stream: 'order', shape: 'order', document: 'order' }]
  for (let before: number | undefined; ; ) {
    const page = await product.running.operations.storedRecords({ targets, ...(before ? { before } : {}) })
    for (const { body, ...item } of page.items) {
      const record = { ...item, body: body === null ? null : Buffer.from(body, 'base64') }
      const { subject, verdict } = await judgeRecord({ changed, inUse: null }, record)
      told(subject, verdict)
    }
    if (page.next === null) break
    before = page.next
  }
  for (const connection of connections.values()) await connection.close()
}

const isPaid = (o: Raw) => /^(PAID|PARTIALLY_REFUNDED|REFUNDED)$/.test(o.displayFinancialStatus)
const hasSkus = (o: Raw) => o.lineItems.nodes.every((l) => l.sku)
const names = (orders: Raw[]) => orders.map((o) => o.name).sort()
const numbersOf = ({ examples }: FieldGroup | OutcomeGroup) => examples.map((e) => e.number)

describe('three changes planted in a copy of the Shopify mapping', () => {
  let file: string
  let raw: Raw[]
  beforeAll(async () => {
    file = changed('shopify/order.in.yaml', {
      'remarks: { buyer: $firstOf(note) }': `remarks: { buyer: "note ? 'note: ' & note" }`,
      'discount: $money(totalDiscountsSet.shopMoney.amount, $currency)':
        'discount: $money(totalDiscountsSet.shopMoney.amount, $currency) * 2',
      'lines, totals.total]': 'lines, totals.total, paidAt]',
    })
    raw = await rawOrders(product.running.operations)
  })

  it('are found on exactly the affected orders and no others', async () => {
    expect(raw).toHaveLength(ORDERS)
    const mapped = raw.filter(hasSkus)
    const parks = mapped.filter((o) => !isPaid(o))
    const note = mapped.filter((o) => isPaid(o) && o.note)
    const discount = mapped.filter((o) => isPaid(o) && Number(o.totalDiscountsSet.shopMoney.amount) > 0)
    const differ = new Set([...note, ...discount])
    const unread = raw.filter((o) => !hasSkus(o))
    for (const group of [parks, note, discount, unread]) expect(group.length).toBeGreaterThan(0)

    const { code, answer } = await diff(file)
    expect(code).toBe(4)
    expect(answer).toMatchObject({
      complete: true,
      way: 'in',
      rerun: ORDERS,
      same: mapped.length - parks.length - differ.size,
      differs: differ.size,
      parks: parks.length,
      comesThrough: 0,
      parksOtherwise: unread.filter((o) => !isPaid(o)).length,
      stillParked: unread.filter(isPaid).length,
      already: 0,
      left: [],
      waiting: 0,
      older: 12,
    })
    expect(answer.fields.map((g) => [g.path, g.kind, g.orders])).toEqual(
      [
        ['remarks.buyer', 'changed', note.length],
        ['totals.discount', 'changed', discount.length],
      ].sort((a, b) => Number(b[2]) - Number(a[2])),
    )
    const required = answer.outcomes.find((g) => g.as === 'parks')
    expect(required).toMatchObject({
      was: null,
      now: 'MAPPING_REQUIRED',
      field: 'paidAt',
      orders: parks.length,
    })
    for (const [group, orders] of [
      [answer.fields.find((g) => g.path === 'remarks.buyer')!, note],
      [answer.fields.find((g) => g.path === 'totals.discount')!, discount],
      [required!, parks],
    ] as const) {
      expect(numbersOf(group)).toHaveLength(Math.min(5, orders.length))
      expect(names(orders)).toEqual(expect.arrayContaining(numbersOf(group)))
    }
  })

  it('on each order alone, too', async () => {
    const found = new Map<string, string[]>()
    await judgeAll(file, ({ number }, verdict) => {
      const paths = verdict.as === 'differs' ? verdict.changes.map((c) => c.path) : [verdict.as]
      if (verdict.as !== 'same') found.set(number ?? '', paths.sort())
    })
    const wanted = new Map<string, string[]>()
    for (const order of raw.filter(hasSkus)) {
      const paths = []
      if (order.note) paths.push('remarks.buyer')
      if (Number(order.totalDiscountsSet.shopMoney.amount) > 0) paths.push('totals.discount')
      if (!isPaid(order)) wanted.set(order.name, ['parks'])
      else if (paths.length > 0) wanted.set(order.name, paths)
    }
    // what is parked has no number
    found.delete('')
    expect(found).toEqual(wanted)
  })

  it('shows values only when asked, and never those of persons', async () => {
    const { answer: silent } = await diff(file)
    expect(silent.fields.map((g) => g.pairs)).toEqual([null, null])
    const { answer } = await diff(file, '--values')
    const pairs = (path: string) => answer.fields.find((g) => g.path === path)!.pairs
    expect(pairs('remarks.buyer')).toBeNull()
    expect(pairs('totals.discount')!.length).toBeGreaterThan(0)
    for (const { before, after } of pairs('totals.discount')!) expect(Number(after)).toBe(Number(before) * 2)
    const { out } = await tributary(['mapping', 'diff', file, '--values'])
    for (const { note } of raw) if (note) expect(out).not.toContain(note)
  })

  it('says the same in words, and only of the newest ones when asked so', async () => {
    const { code, out, err } = await tributary(['mapping', 'diff', file, '--records', '50'])
    expect(code).toBe(4)
    expect(err).toMatch(/^(\d+ of 50 done, \d+ a second\n)*$/)
    expect(out).toContain('50 run again')
    expect(out).toContain('remarks.buyer')
    expect(out).toContain('MAPPING_REQUIRED (paidAt)')
    const { answer } = await diff(file, '--last', '1ms')
    expect([answer.rerun, answer.looked]).toEqual([0, 0])
  })
})

it('finds nothing under the mapping in use, and nothing that is not this change', async () => {
  const same = await diff(changed('shopify/order.in.yaml', {}))
  expect(same.code).toBe(0)
  expect(same.answer).toMatchObject({ differs: 0, parks: 0, comesThrough: 0, parksOtherwise: 0, fields: [] })
  expect(same.answer.uses.map((u) => u.use)).toEqual(['shop:order:order'])
})

it('an overlay that extends the bundled one lets parked orders through', async () => {
  const file = join(stage.folder, 'overlay.yaml')
  const bundled = join(ROOT, 'mappings/shopify/order.in.yaml')
  writeFileSync(file, `extends: ${bundled}\nfields:\n  lines:\n    sku: $firstOf(sku, 'NONE')\n`)
  const without = (await rawOrders(product.running.operations)).filter((o) => !hasSkus(o))
  const { code, answer } = await diff(file)
  expect(code).toBe(4)
  expect(answer).toMatchObject({ differs: 0, parks: 0, comesThrough: without.length, stillParked: 0 })
  expect(answer.outcomes).toMatchObject([{ as: 'comes-through', was: 'RECORD_NO_SKU', now: null }])
})

it('says once a second how far it is, and a signal ends it with what was found', async () => {
  const file = changed('shopify/order.in.yaml', { 'let:\n': 'let:\n  slow: "$sum([1..2000000])"\n' })
  let asked = false
  const ran = await tributary(['mapping', 'diff', file], (child, err) => {
    // once: a second signal ends it at once
    if (!asked && err.includes(' a second\n')) asked = child.kill('SIGINT')
  })
  expect(ran.err).toMatch(/^\d+ of \d+ done, \d+ a second\n/)
  expect(ran.err).toContain('stopped before the end')
  // all that was looked at is the same, but not all was
  expect(ran.code).toBe(1)
  const rerun = Number(/(\d+) of those since .* run again/.exec(ran.out)?.[1])
  expect(rerun).toBeGreaterThan(0)
  expect(rerun).toBeLessThan(ORDERS)
})

it('an outgoing mapping is held against the bytes that were frozen', async () => {
  const pushes: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await product.running.operations.pushList({ limit: 500, ...(after ? { after } : {}) })
    for (const { id, state } of page.items) if (state !== 'withdrawn') pushes.push(id)
    if (page.next === null) break
    after = page.next
  }
  const newest = new Map<string, string>()
  for (const id of pushes) {
    const { orders, revision, rendered } = await product.running.operations.pushShow({ id, body: true })
    const known = newest.get(orders[0]!)
    const xml = Buffer.from(rendered!.body!, 'base64').toString()
    if (known === undefined || revision > 1) newest.set(orders[0]!, xml)
  }
  const withNote = [...newest.values()].filter((xml) => xml.includes('<vnote>'))
  expect(withNote.length).toBeGreaterThan(0)

  const same = await diff(changed('yonyou-nc/order.out.yaml', {}))
  expect([same.code, same.answer.way, same.answer.same]).toEqual([0, 'out', newest.size])

  const noted = "vnote: $exists(remarks.buyer) ? $fit('! ' & remarks.buyer, 181)"
  const { code, answer } = await diff(
    changed('yonyou-nc/order.out.yaml', { 'vnote: $fit(remarks.buyer, 181)': noted }),
    '--values',
  )
  expect(code).toBe(4)
  expect(answer.fields).toMatchObject([
    { path: 'bill.billhead.vnote', kind: 'changed', orders: withNote.length, already: 0, pairs: null },
  ])
  expect([answer.differs, answer.rerun]).toEqual([withNote.length, newest.size])
})

it('refuses a file that stands for nothing, and names what there is', async () => {
  const file = join(stage.folder, 'nothing.yaml')
  writeFileSync(file, 'from: nowhere/order\nto: order\nfields: { externalId: id }\n')
  const { code, err } = await tributary(['mapping', 'diff', file])
  expect(code).toBe(3)
  for (const use of ['shop:order:order', 'shop:order:webhook', 'erp:bill:bill', 'erp:order'])
    expect(err).toMatch(new RegExp(`there are: (.*, )?${use}[,\\s]`))
  const chosen = await diff(file, '--for', 'shop:order:order', '--records', '10')
  expect(chosen.answer).toMatchObject({ parks: chosen.answer.rerun, same: 0 })
})
