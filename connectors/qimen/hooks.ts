/** What arrives from the warehouse: confirms, cut into parcels and returns, and stock, whose answers state no clock. */
import type { Hooks, RawRecord, Tools, WebhookDelivery } from 'tributary/hooks'

type Tree = Record<string, unknown>
type Headers = Record<string, string | string[] | undefined>

const SIZE = 50
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const tree = (value: unknown): Tree => (value !== null && typeof value === 'object' ? (value as Tree) : {})
/** XML has no lists of one or none. */
const list = (value: unknown): Tree[] => (Array.isArray(value) ? value : value ? [value] : []).map(tree)
const record = (shape: string, id: string, body: Tree): RawRecord => ({
  id,
  body: Buffer.from(JSON.stringify(body)),
  contentType: 'application/json',
  shape,
})

/** One record per parcel. A confirm tells only what is new, under an `outBizCode` of its own. */
function parcels(head: Tree, request: Tree): RawRecord[] {
  const lines = list(tree(request.orderLines).orderLine).filter((line) => textOf(line.actualQty) !== '0')
  const packages = list(tree(request.packages).package)
  const code = `${textOf(head.deliveryOrderCode)}:${textOf(head.outBizCode)}`
  // without packages the head names carrier and number; one package holds all lines, several hold what they list
  if (packages.length < 2) {
    return [record('parcel', code, { id: code, head, package: packages[0] ?? head, lines })]
  }
  return packages.map((one, i) => {
    const id = `${code}:${i + 1}`
    return record('parcel', id, { id, head, package: one, lines: list(tree(one.items).item) })
  })
}

/** By method, whatever stands before its name. What is not handled is refused, so that it stays with the gateway. */
function delivery(method: string, request: Tree): Omit<WebhookDelivery, 'deliveryId'> {
  const is = (name: string) => method.endsWith(name)
  if (is('deliveryorder.confirm') || is('stockout.confirm')) {
    const head = tree(request.deliveryOrder)
    if (textOf(head.deliveryOrderCode) === '') throw new SyntaxError('no deliveryOrderCode')
    return { stream: 'shipment', records: parcels(head, request), fetch: [] }
  }
  if (is('returnorder.confirm')) {
    const head = tree(request.returnOrder)
    if (textOf(head.returnOrderCode) === '') throw new SyntaxError('no returnOrderCode')
    const id = `${textOf(head.returnOrderCode)}:${textOf(head.outBizCode)}`
    const lines = list(tree(request.orderLines).orderLine)
    return { stream: 'return', records: [record('returned', id, { id, head, lines })], fetch: [] }
  }
  if (is('inventory.report')) {
    // It tells differences: what is there now is asked for.
    const items = list(tree(request.items).item).map((item) => textOf(item.itemCode))
    return { stream: 'stock', records: [], fetch: [...new Set(items)].filter((code) => code !== '') }
  }
  // A step on the way of an order changes no document.
  if (is('orderprocess.report')) return { stream: 'shipment', records: [], fetch: [] }
  throw new SyntaxError('a method that is not handled')
}

function read(headers: Headers, body: Buffer, tools: Tools): WebhookDelivery {
  const method = new URLSearchParams(String(headers[':query'] ?? '')).get('method') ?? ''
  const { request } = tools.xml.parse(body, 'text/xml')
  if (request === undefined) throw new SyntaxError('no request')
  return { deliveryId: null, ...delivery(method, tree(request)) }
}

/** GMT+8, as the gateway reads it. */
const chinaTime = (at: number) => new Date(at + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')

/** One signed call that reads. */
async function ask(method: string, request: Tree, tools: Tools, signal: AbortSignal): Promise<Tree> {
  const { appKey, customerId, secret, signHead } = tools.settings
  const xml = `<?xml version="1.0" encoding="UTF-8"?>${tools.xml.element('request', request)}`
  const query = new URLSearchParams({
    app_key: String(appKey),
    customerId: String(customerId),
    format: 'xml',
    method: `taobao.qimen.${method}`,
    sign_method: 'md5',
    timestamp: chinaTime(Date.now()),
    v: '2.0',
  })
  const pairs = [...query].map(([name, value]) => name + value).join('')
  query.set('sign', tools.hash('md5', `${signHead ?? ''}${pairs}${xml}${secret}`).toUpperCase())
  const path = `/router/qimen/service?${query}`
  const headers = { 'Content-Type': 'text/xml;charset=utf-8' }
  const answer = tools.ok(await tools.http({ method: 'POST', path, headers, body: xml, signal }))
  const response = tree(tools.xml.parse(answer.body, answer.headers['content-type']).response)
  if (response.flag === 'success') return response
  const code = textOf(response.code)
  const config = /^(sign-check-failure|isv\.|INVALID_)/.test(code)
  return tools.broken(`${code}: ${textOf(response.message)}`.slice(0, 300), config ? 'config' : 'transient')
}

/** All rows of these items, a record for each; `at`: nothing else tells when it was so. */
async function stockOf(items: string[], at: Date, tools: Tools, signal: AbortSignal): Promise<RawRecord[]> {
  const { warehouse: warehouseCode, owner: ownerCode } = tools.settings
  const records: RawRecord[] = []
  for (let i = 0; i < items.length; i += SIZE) {
    const asked = items.slice(i, i + SIZE)
    const criteria = asked.map((itemCode) => ({ warehouseCode, ownerCode, itemCode }))
    const answer = await ask('inventory.query', { criteriaList: { criteria } }, tools, signal)
    const rows = list(tree(answer.items).item)
    for (const item of asked) {
      const mine = rows.filter((row) => row.itemCode === item)
      if (mine.length > 0) records.push(record('stock', item, { id: item, at: at.toISOString(), rows: mine }))
    }
  }
  return records
}

export default {
  read: {
    stock: {
      async page({ until, resume }, tools, signal) {
        const page = Number(resume ?? 1)
        const { warehouse: warehouseCode, owner: ownerCode } = tools.settings
        const request = { warehouseCode, ownerCode, page, pageSize: SIZE }
        const answer = await ask('stock.query', request, tools, signal)
        const items = list(tree(answer.items).item).map((row) => textOf(row.itemCode))
        const records = await stockOf([...new Set(items)], until, tools, signal)
        return { records, next: page * SIZE < Number(answer.totalCount) ? page + 1 : null }
      },
      fetch: (ids, tools, signal) => stockOf(ids, new Date(), tools, signal),
    },
  },
  webhooks: { confirm: { read }, 'confirm-tail': { read } },
} satisfies Hooks
