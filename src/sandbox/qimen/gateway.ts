/** The gateway's own checks of a call, in its order, and the way to the warehouse system (china.md §6.1). */
import { timingSafeEqual } from 'node:crypto'
import { parseXml, type XmlElement, XmlError } from '../xml.ts'
import { batchCreate, cancelOrder, createOrder, syncItem, syncItems } from './create.ts'
import type { Tree } from './message.ts'
import { queryInventory, queryOrder, queryProcess, queryStock } from './query.ts'
import { readChinaTime, signatureOf } from './sign.ts'
import type { Wms } from './warehouse.ts'

/** The gateway refused the call; the warehouse system has not seen it. */
export class Failure extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

const PREFIX = 'taobao.qimen.'

/** What the warehouse system does, by method without its prefix. */
const METHODS: Readonly<Record<string, (wms: Wms, request: XmlElement, raw: string) => Tree>> = {
  'deliveryorder.create': createOrder('delivery'),
  'deliveryorder.batchcreate': batchCreate,
  'deliveryorder.query': queryOrder('delivery'),
  'stockout.create': createOrder('stockout'),
  'stockout.query': queryOrder('stockout'),
  'entryorder.create': createOrder('entry'),
  'entryorder.query': queryOrder('entry'),
  'returnorder.create': createOrder('return'),
  'returnorder.query': queryOrder('return'),
  'order.cancel': cancelOrder,
  'inventory.query': queryInventory,
  'stock.query': queryStock,
  'singleitem.synchronize': syncItem,
  'items.synchronize': syncItems,
  'orderprocess.query': queryProcess,
}

const REQUIRED = ['method', 'timestamp', 'format', 'app_key', 'v', 'sign_method', 'customerId', 'sign']

function checkParams(wms: Wms, query: URLSearchParams): void {
  for (const name of REQUIRED) {
    if (!query.get(name)) throw new Failure('isv.missing-parameter', `缺少参数 ${name}`)
    if (query.getAll(name).length > 1) throw new Failure('isv.invalid-parameter', `参数 ${name} 重复`)
  }
  if (query.get('app_key') !== wms.options.appKey) throw new Failure('isv.invalid-app-key', 'app_key 无效')
  if (query.get('sign_method') !== 'md5') throw new Failure('isv.invalid-parameter', 'sign_method 应为 md5')
  if (query.get('format') !== 'xml') throw new Failure('isv.invalid-parameter', 'format 应为 xml')
  if (!['1.0', '2.0'].includes(query.get('v')!)) throw new Failure('isv.invalid-parameter', 'v 应为 2.0')
}

function checkClock(wms: Wms, query: URLSearchParams): void {
  const at = readChinaTime(query.get('timestamp')!)
  if (at === null) throw new Failure('isv.invalid-timestamp', 'timestamp 格式应为 yyyy-MM-dd HH:mm:ss')
  const { clockTolerance = 600 } = wms.options
  if (clockTolerance > 0 && Math.abs(Date.now() - at) > clockTolerance * 1000) {
    throw new Failure('isv.invalid-timestamp', 'timestamp 与服务器时间相差过大')
  }
}

function checkSign(wms: Wms, query: URLSearchParams, body: Buffer): void {
  const { secret, wrap } = wms.options
  const wanted = Buffer.from(signatureOf(query, body, secret, wrap))
  const given = Buffer.from(query.get('sign')!)
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return
  throw new Failure('sign-check-failure', 'Illegal request')
}

function requestOf(body: Buffer): { root: XmlElement; raw: string } {
  try {
    const raw = new TextDecoder('utf-8', { fatal: true }).decode(body)
    const root = parseXml(raw)
    if (root.name !== 'request')
      throw new Failure('INVALID_REQUEST_CONTENT', `根节点应为 request: ${root.name}`)
    return { root, raw }
  } catch (cause) {
    if (cause instanceof Failure) throw cause
    if (!(cause instanceof XmlError || cause instanceof TypeError)) throw cause
    throw new Failure('INVALID_REQUEST_CONTENT', '无效的请求消息体')
  }
}

/** The answer's elements beyond flag, code and message. Throws Failure or the warehouse system's Refusal. */
export function gateway(wms: Wms, query: URLSearchParams, body: Buffer): Tree {
  checkParams(wms, query)
  checkClock(wms, query)
  checkSign(wms, query, body)
  const method = query.get('method')!
  const run = method.startsWith(PREFIX) ? METHODS[method.slice(PREFIX.length)] : undefined
  if (!run) throw new Failure('INVALID_METHOD', `不支持的接口请求: ${method}`)
  if (query.get('customerId') !== wms.options.customerId) {
    throw new Failure('INVALID_WMS_CUSTOMERID', 'customerId 无效')
  }
  const { root, raw } = requestOf(body)
  return run(wms, root, raw)
}
