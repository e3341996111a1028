/**
 * The ERP's side of Qimen for tests: calls signed, answers read and confirms received with code that shares
 * nothing with the sandbox or the product.
 */
import crypto from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { XMLBuilder, XMLParser } from 'fast-xml-parser'

// biome-ignore lint/suspicious/noExplicitAny: messages are looked into freely by the tests
type Any = any

const LISTS = new Set(['orderLine', 'item', 'package', 'batch', 'order', 'process', 'criteria'])
const parser = new XMLParser({ parseTagValue: false, isArray: (name) => LISTS.has(name) })
const builder = new XMLBuilder({ suppressEmptyNode: false })

export const xml = (request: unknown): string =>
  `<?xml version="1.0" encoding="UTF-8"?>${builder.build({ request })}`
export const parsed = (text: string): Any => parser.parse(text, true)

/** The documented rule, word for word. */
export function sign(params: Record<string, string>, body: string, secret: string): string {
  let text = secret
  for (const name of Object.keys(params).sort()) {
    if (name === 'sign' || params[name] === '') continue
    text += name + params[name]
  }
  text += body + secret
  return crypto.createHash('md5').update(Buffer.from(text, 'utf8')).digest('hex').toUpperCase()
}

/** Now, in China, as the platform writes it. */
export const chinaNow = (shift = 0): string =>
  new Intl.DateTimeFormat('sv-SE', {
    timeZone: 'Asia/Shanghai',
    dateStyle: 'short',
    timeStyle: 'medium',
  }).format(Date.now() + shift)

export const SECRET = 'helloworld'

export interface QimenAnswer {
  status: number
  type: string
  text: string
  response: Any
}

/** One signed call; `over` changes parameters after the defaults and before the signature, `''` removes one. */
export async function call(
  url: string,
  method: string,
  body: unknown,
  over: Record<string, string> = {},
): Promise<QimenAnswer> {
  const text = typeof body === 'string' ? body : xml(body)
  const params: Record<string, string> = {
    method: `taobao.qimen.${method}`,
    app_key: '12345678',
    customerId: 'c1',
    format: 'xml',
    sign_method: 'md5',
    timestamp: chinaNow(),
    v: '2.0',
    ...over,
  }
  for (const [name, value] of Object.entries(params)) if (value === '') delete params[name]
  params.sign = over.sign ?? sign(params, text, SECRET)
  const query = new URLSearchParams(params)
  const answer = await fetch(`${url}/router/qimen/service?${query}`, {
    method: 'POST',
    headers: { 'Content-Type': 'text/xml;charset=utf-8' },
    body: text,
  })
  const answered = await answer.text()
  const type = answer.headers.get('content-type') ?? ''
  const response = type.startsWith('text/xml') && answered !== '' ? parsed(answered).response : undefined
  return { status: answer.status, type, text: answered, response }
}

const PERSON = {
  name: '王小明',
  mobile: '13800000000',
  province: '浙江',
  city: '杭州',
  detailAddress: '文一路 1 号',
}

export interface WantedLine {
  item: string
  quantity: number
  no?: string
}

/** A delivery order with everything that is required; `head` is laid over it, undefined leaves out. */
export function delivery(code: string, lines: WantedLine[], head: Record<string, unknown> = {}): Any {
  const now = chinaNow()
  return {
    deliveryOrder: {
      deliveryOrderCode: code,
      orderType: 'JYCK',
      warehouseCode: 'WH1',
      sourcePlatformCode: 'TB',
      createTime: now,
      placeOrderTime: now,
      operateTime: now,
      shopNick: '小店 & Co',
      logisticsCode: 'SF',
      totalAmount: '113.00',
      senderInfo: PERSON,
      receiverInfo: PERSON,
      ...head,
    },
    orderLines: { orderLine: lines.map(orderLine) },
  }
}

export function orderLine({ item, quantity, no }: WantedLine, i: number): Any {
  return {
    orderLineNo: no ?? String(i + 1),
    ownerCode: 'OWNER1',
    itemCode: item,
    planQty: quantity,
    actualPrice: '56.5',
  }
}

/** A confirm as it arrived. */
export interface Received {
  method: string
  valid: boolean
  timestamp: string
  text: string
  request: Any
}

/** An ERP that takes confirms: `answers` are given in turn, then success. A number stands for that status. */
export async function receiver(answers: (string | number)[] = []) {
  const got: Received[] = []
  const read = async (req: IncomingMessage) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString()
  }
  const server = createServer(async (req, res) => {
    const text = await read(req)
    const params = Object.fromEntries(new URL(req.url!, 'http://x').searchParams)
    const valid = params.sign === sign(params, text, SECRET)
    const { method = '', timestamp = '' } = params
    got.push({ method, valid, timestamp, text, request: parsed(text).request })
    const next = answers.shift() ?? 'success'
    if (typeof next === 'number') return res.writeHead(next).end()
    const flag = next === 'success' ? 'success' : 'failure'
    res.end(
      next.startsWith('<') || next === ''
        ? next
        : `<?xml version="1.0"?><response><flag>${flag}</flag><code>0</code><message>${next}</message></response>`,
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/qimen?shop=1`, got, close }
}

/** A control route of the sandbox. */
export async function control(url: string, path: string, body?: unknown): Promise<Any> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(`${url}/_sandbox/${path}`, init)
  const answer = await response.json()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${(answer as Any).error}`)
  return answer
}
