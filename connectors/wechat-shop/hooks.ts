/** Products of a WeChat shop taken apart into the SKUs that they are sold as; pushed messages verified and opened. */
import type { Hooks, RawRecord, Tools, WebhookDelivery } from 'tributary/hooks'

type Tree = Record<string, unknown>

/** One record per SKU with its product. `at`: when it was read, as products have no clock of their own. */
function apart(records: RawRecord[], at: string, figures: boolean, tools: Tools): RawRecord[] {
  return records.flatMap((record) => {
    const { skus, desc_info: _, head_imgs: __, ...product } = tools.json(record.body) as Tree
    return (Array.isArray(skus) ? (skus as Tree[]) : []).map(({ stock_num, ...rest }): RawRecord => {
      const id = `${product.product_id}:${rest.sku_id}`
      const body = { id, at, product, sku: figures ? { ...rest, stock_num } : rest }
      return { id, body: Buffer.from(JSON.stringify(body)), contentType: 'application/json', shape: 'sku' }
    })
  })
}

const read = (request: { until: Date } | null) => (request?.until ?? new Date()).toISOString()

const TOPIC = 'push'
const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

/** The platform's proof: what both know, sorted and joined, as SHA-1. */
function proven(given: string | null, parts: (string | null)[], tools: Tools): void {
  const token = textOf(tools.settings.callbackToken)
  if (token === '') tools.forged(TOPIC, 'no callbackToken is set, so nothing can be verified')
  if (!given || parts.includes(null)) tools.forged(TOPIC, 'the signature or a part of it is missing')
  const text = [token, ...parts].sort().join('')
  if (!tools.crypto.same(given!, tools.crypto.digest('sha1', text).toString('hex')))
    tools.forged(TOPIC, 'the signature does not fit')
}

/** 16 random bytes, the length in 4, the message, the AppID; padded to blocks of 32. Sealed with AES-256 in CBC mode. */
function opened(sealed: string, tools: Tools): Buffer {
  const key = Buffer.from(`${textOf(tools.settings.encodingAesKey)}=`, 'base64')
  if (key.length !== 32) tools.forged(TOPIC, 'encodingAesKey is not one of 43 characters')
  const data = Buffer.from(sealed, 'base64')
  if (data.length === 0 || data.length % 16 !== 0) throw new SyntaxError('not sealed as it should be')
  const plain = tools.crypto.aesCbcOpen(data, key, key.subarray(0, 16))
  const whole = plain.subarray(0, plain.length - (plain.at(-1) ?? 0))
  const end = whole.length < 20 ? Number.POSITIVE_INFINITY : 20 + whole.readUInt32BE(16)
  if (end > whole.length || whole.toString('utf8', end) !== textOf(tools.settings.appId))
    tools.forged(TOPIC, 'it was sealed with another key, or for another application')
  return whole.subarray(20, end)
}

/** What a message names is fetched: an order, or an after-sale. */
function told(message: Tree): WebhookDelivery {
  const of = (name: string) => (message[name] ?? {}) as Tree
  const order = textOf(of('order_info').order_id)
  const sale = textOf(of('finder_shop_aftersale_status_update').after_sale_order_id)
  const sales = sale === '' ? [] : [sale]
  const also = ['return', 'refund'].map((stream) => ({ stream, fetch: sales }))
  return { stream: 'order', deliveryId: null, records: [], fetch: order === '' ? [] : [order], also }
}

export default {
  webhooks: {
    [TOPIC]: {
      read(headers, body, tools) {
        const query = new URLSearchParams(textOf(headers[':query']))
        const signed = [query.get('timestamp'), query.get('nonce')]
        if (body.length === 0) {
          proven(query.get('signature'), signed, tools)
          const answer = { body: query.get('echostr') ?? '' }
          return { stream: 'order', deliveryId: null, records: [], fetch: [], answer }
        }
        const { Encrypt } = tools.json(body) as Tree
        proven(query.get('msg_signature'), [...signed, textOf(Encrypt) || null], tools)
        return told(tools.json(opened(textOf(Encrypt), tools)) as Tree)
      },
    },
  },
  read: {
    product: { refine: async (records, request, tools) => apart(records, read(request), false, tools) },
    stock: { refine: async (records, request, tools) => apart(records, read(request), true, tools) },
  },
} satisfies Hooks
