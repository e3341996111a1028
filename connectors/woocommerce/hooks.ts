import type { Hooks, Outcome, RawRecord, Remote, Tools, WriteItem } from 'tributary/hooks'

type Failed = Exclude<Outcome, { kind: 'done' }>
type At = { tools: Tools; signal: AbortSignal }
type Meta = { key: string; value: unknown }
type OrderLine = { id: number; quantity: number; taxes: { id: number; total: string }[] }
type Order = { currency: string; number: string; status: string; meta_data: Meta[] } & {
  line_items: OrderLine[]
  shipping_lines: OrderLine[]
  refunds: { id: number }[]
}
type Refund = {
  id: number
  amount: string
  reason: string
  line_items: (OrderLine & { meta_data: Meta[] })[]
}
type Product = { id: number; sku: string; type: string; parent_id: number; manage_stock: boolean | 'parent' }
/** What mappings/woocommerce/*.out.yaml make. `name` (with brackets) is how a parcel or refund is known in the shop. */
type Parcel = { order: string; name: string; number?: string; meta: Meta; note: object & { note: string } }
type Level = { sku: string; product?: string; variation?: string; quantity: number }
type Wanted = { order: string; name: string; reason?: string; amount: string; restock: boolean } & {
  parts: { kind: string; line?: string; quantity?: string; net: string; tax: string }[]
}

const PARCEL = '_tributary_parcel_'
const stop = (failed: Failed) => Object.assign(new Error(failed.message), { failed })
const failedOf = (e: unknown, tools: Tools) => (e as { failed?: Failed }).failed ?? tools.failed(e)
const parsed = <T>(item: WriteItem) => JSON.parse(item.body.toString()) as T
const refused = (code: string, message: string) => stop({ kind: 'refused', code: `WOO_${code}`, message })

async function ask<T>({ tools, signal }: At, method: string, path: string, content?: object): Promise<T> {
  const headers: Record<string, string> = content ? { 'Content-Type': 'application/json' } : {}
  const body = content ? { body: JSON.stringify(content) } : {}
  const answer = await tools.http({ method, path, headers, ...body, signal })
  const failed = tools.outcome(answer)
  if (!failed) return tools.json(answer.body) as T
  let told: { code?: string; message?: string } = {}
  if (answer.body[0] === 123) told = tools.json(answer.body) as typeof told
  // a 500, but WooCommerce has deleted the refund that it could not finish
  const undone = told.code === 'woocommerce_rest_cannot_create_order_refund'
  if (undone) throw refused('REFUND_REFUSED', String(told.message).slice(0, 300))
  throw stop({ ...failed, ...(told.code ? { code: told.code } : {}) })
}

const pieces = (text: unknown): Map<string, number> => {
  const found = String(text)
    .split('|')[0]!
    .matchAll(/(\d+):([\d.]+)/g)
  return new Map([...found].map(([, line, n]) => [line!, Number(n)]))
}
/** Notes come back as the shop shows them. */
const plain = (html: string) =>
  html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&amp;', '&')
    .replaceAll('&#8211;', '-')

/** What is asked before anything is written: nothing was written then, whatever fails. */
async function before<T>(asking: Promise<T>, tools: Tools): Promise<T> {
  return asking.catch((error) => {
    const failed = failedOf(error, tools)
    throw stop(failed.kind === 'unknown' ? { ...failed, kind: 'not-done' } : failed)
  })
}

/** What of a parcel is in the shop: `told`: its note; `open`: all lines are in parcels, and the order is not completed. */
async function look(at: At, { order: id, name, number, meta }: Parcel) {
  const order = await ask<Order>(at, 'GET', `/orders/${id}`)
  const notes = await ask<{ note: string }[]>(at, 'GET', `/orders/${id}/notes?per_page=100`)
  const kept = order.meta_data.some((m) => m.key === meta.key && m.value === meta.value)
  const told = notes.map((n) => plain(n.note)).some((n) => n.includes(name) && n.includes(number ?? ''))
  const parcels = [...order.meta_data.filter((m) => m.key.startsWith(PARCEL) && m.key !== meta.key), meta]
  const back = order.refunds.length > 0 ? await refunds(at, id) : []
  const gone = (line: number) =>
    parcels.reduce((n, p) => n + (pieces(p.value).get(String(line)) ?? 0), 0) +
    back
      .flatMap((r) => r.line_items.filter((l) => refundedLine(l) === String(line)))
      .reduce((n, l) => n - l.quantity, 0)
  const whole = order.line_items.every((l) => gone(l.id) >= l.quantity)
  const open =
    whole && at.tools.settings.completeOrder === true && ['processing', 'on-hold'].includes(order.status)
  return { kept, told, open }
}

const refunds = (at: At, order: string) => ask<Refund[]>(at, 'GET', `/orders/${order}/refunds?per_page=100`)
const refundedLine = (line: { meta_data: Meta[] }) =>
  String(line.meta_data.find((m) => m.key === '_refunded_item_id')?.value ?? '')

/** Does what is not done yet: keeps the parcel in the order, tells of it, completes the order with its last parcel. */
async function bring(at: At, wanted: Parcel): Promise<Remote> {
  const now = await before(look(at, wanted), at.tools)
  const path = `/orders/${wanted.order}`
  if (!now.kept) await ask(at, 'PUT', path, { meta_data: [wanted.meta] })
  if (!now.told) await ask(at, 'POST', `${path}/notes`, wanted.note)
  if (now.open) await ask(at, 'PUT', path, { status: 'completed' })
  return { id: `${wanted.order}${wanted.name}`, state: 'final' }
}

const proved = (work: Promise<Remote>, tools: Tools): Promise<Outcome> =>
  work.then((done): Outcome => ({ kind: 'done', remote: done })).catch((error) => failedOf(error, tools))

/** Where each level is set: `parent/id`, or an outcome for a SKU that none or several have. */
async function places(at: At, levels: Level[]): Promise<(string | Failed)[]> {
  const skus = [...new Set(levels.filter((l) => !l.product).map((l) => l.sku))]
  const query = `per_page=100&sku=${encodeURIComponent(skus.join(','))}`
  const found = skus.length > 0 ? await ask<Product[]>(at, 'GET', `/products?${query}`) : []
  return levels.map(({ sku, product, variation }) => {
    if (product) return variation ? `${product}/${variation}` : `0/${product}`
    const of = found.filter((p) => p.sku === sku)
    if (of.length === 1) return `${of[0]!.type === 'variation' ? of[0]!.parent_id : 0}/${of[0]!.id}`
    return refused(of.length > 1 ? 'SKU_AMBIGUOUS' : 'SKU_UNKNOWN', `${of.length} products have this SKU`)
      .failed
  })
}

/** One request per parent (variations) and one for all other products, with a result for each level. */
async function setLevels(at: At, items: WriteItem[]): Promise<Outcome[]> {
  const levels = items.map((item) => parsed<Level>(item))
  const where = await before(places(at, levels), at.tools).catch((error) =>
    levels.map(() => failedOf(error, at.tools)),
  )
  const outcomes: Outcome[] = where.map((w) =>
    typeof w === 'string' ? { kind: 'unknown', code: 'NO_RESULT', message: 'no result for this level' } : w,
  )
  const parents = new Set(where.flatMap((w) => (typeof w === 'string' ? [w.split('/')[0]!] : [])))
  for (const parent of parents) {
    const mine = where.flatMap((w, i) => (typeof w === 'string' && w.startsWith(`${parent}/`) ? [i] : []))
    const idOf = (i: number) => Number(String(where[i]).split('/')[1])
    const update = mine.map((i) => ({ id: idOf(i), manage_stock: true, stock_quantity: levels[i]!.quantity }))
    const path = parent === '0' ? '/products/batch' : `/products/${parent}/variations/batch`
    try {
      const done = await ask<{ update?: { id: number; error?: { code: string; message: string } }[] }>(
        at,
        'POST',
        path,
        { update },
      )
      for (const i of mine) {
        const result = done.update?.find((r) => r.id === idOf(i))
        const { code, message } = result?.error ?? {}
        if (code) outcomes[i] = { kind: 'refused', code, message: String(message).slice(0, 300) }
        else if (result) outcomes[i] = { kind: 'done', remote: { id: String(result.id), state: 'final' } }
      }
    } catch (error) {
      for (const i of mine) outcomes[i] = failedOf(error, at.tools)
    }
  }
  return outcomes
}

/** A refund is known by the end of its reason, which is written with it. */
async function findRefund(at: At, { order, name }: Wanted): Promise<Remote[]> {
  const found = (await refunds(at, order)).filter((r) => r.reason.endsWith(name))
  return found.map((r) => ({ id: String(r.id), state: 'final', total: r.amount }))
}

/** WooCommerce wants the tax of a line by rate: it is spread as the order's own line has it, the rest on the last. */
function taxes(line: OrderLine, tax: string) {
  const whole = line.taxes.reduce((n, t) => n + Number(t.total), 0)
  const digits = tax.split('.')[1]?.length ?? 0
  let left = Number(tax)
  return line.taxes.map(({ id, total }, i) => {
    const last = i === line.taxes.length - 1
    const part = last ? left : Number(((Number(tax) * Number(total)) / (whole || 1)).toFixed(digits))
    left = Number((left - part).toFixed(digits))
    return { id, refund_total: part }
  })
}

async function payBack(at: At, wanted: Wanted): Promise<Remote> {
  const order = await before(ask<Order>(at, 'GET', `/orders/${wanted.order}`), at.tools)
  const line_items = wanted.parts.flatMap(({ kind, line: id, quantity, net, tax }) => {
    const line =
      kind === 'shipping' ? order.shipping_lines[0] : order.line_items.find((l) => String(l.id) === id)
    if (!line) throw refused('LINE_MISSING', 'the order has no such line')
    return {
      id: line.id,
      quantity: Number(quantity ?? 0),
      refund_total: Number(net),
      refund_tax: taxes(line, tax),
    }
  })
  const { amount, name, restock: api_restock } = wanted
  const about = { amount, reason: `${wanted.reason ?? ''} ${name}`.trim(), api_restock, line_items }
  const content = { ...about, api_refund: at.tools.settings.payBack === true }
  const made = await ask<Refund>(at, 'POST', `/orders/${wanted.order}/refunds`, content)
  return { id: String(made.id), state: 'final', total: made.amount }
}

/** The record with more members before its own, whose bytes stay as they came. */
const joined = (record: RawRecord, id: string, more: object): RawRecord => {
  const text = `${JSON.stringify(more).slice(0, -1)},${record.body.toString().trimStart().slice(1)}`
  return { ...record, id, body: Buffer.from(text) }
}

/** Refunds name no currency: it comes from their orders. */
async function withOrders(records: RawRecord[], { tools, signal }: At): Promise<RawRecord[]> {
  const parents = records.map((r) => (tools.json(r.body) as { parent_id: number }).parent_id)
  const ids = [...new Set(parents)].join(',')
  if (ids === '') return []
  const query = { include: ids, per_page: 100, status: 'any', _fields: 'id,number,currency' }
  const orders = (await tools.call({ get: '/orders', query }, {}, signal)) as { id: number }[]
  return records.map((r, i) => joined(r, r.id, { order: orders.find((o) => o.id === parents[i]) ?? null }))
}

/** Variable products are their variations. `at`: for stock, whose clock no product shows; what is not counted has none. */
async function articles(
  records: RawRecord[],
  { tools, signal }: At,
  at: string | null,
): Promise<RawRecord[]> {
  const found = records.map(async (record) => {
    const product = tools.json(record.body) as Product
    const counted = ({ manage_stock }: Product) => at === null || manage_stock !== false
    const kept = (of: Product, more: object) =>
      counted(of) ? [joined(record, String(of.id), { at, ...more })] : []
    if (product.type !== 'variable') return kept(product, {})
    const all: Product[] = []
    for (let page = 1; all.length === (page - 1) * 100; page++) {
      const get = `/products/${product.id}/variations?per_page=100&page=${page}`
      all.push(...((await tools.call({ get }, {}, signal)) as Product[]))
    }
    return all.flatMap((variation) => kept(variation, { variation }))
  })
  return (await Promise.all(found)).flat()
}

export default {
  read: {
    refund: { refine: (records, _, tools, signal) => withOrders(records, { tools, signal }) },
    product: { refine: (records, _, tools, signal) => articles(records, { tools, signal }, null) },
    stock: {
      refine: (records, request, tools, signal) =>
        articles(records, { tools, signal }, request ? request.until.toISOString() : null),
    },
  },
  write: {
    shipment: {
      write: (items, tools, signal) =>
        Promise.all(items.map((item) => proved(bring({ tools, signal }, parsed(item)), tools))),
      find: (item, tools, signal) => {
        const { order, name, ...rest } = parsed<Parcel>(item)
        return look({ tools, signal }, { order, name, ...rest })
          .then(({ kept, told, open }) => {
            const state: Remote['state'] = told && !open ? 'final' : 'draft'
            return { hits: kept ? [{ id: `${order}${name}`, state }] : [] }
          })
          .catch((error) => ({ failed: failedOf(error, tools) }))
      },
      advance: (item, _, tools, signal) => proved(bring({ tools, signal }, parsed(item)), tools),
    },
    stock: { write: (items, tools, signal) => setLevels({ tools, signal }, items) },
    refund: {
      write: (items, tools, signal) =>
        Promise.all(items.map((item) => proved(payBack({ tools, signal }, parsed(item)), tools))),
      find: (item, tools, signal) =>
        findRefund({ tools, signal }, parsed(item))
          .then((hits) => ({ hits }))
          .catch((error) => ({ failed: failedOf(error, tools) })),
    },
  },
} satisfies Hooks
