/**
 * The Pinduoduo sandbox: one shop behind the open platform's gateway, as china.md §7.2 describes it: one address,
 * signed parameters, every answer a 200. Started by `tributary sandbox pinduoduo` and by tests; it imports nothing that
 * the product uses to talk to Pinduoduo. Its message service is a web socket and not spoken here; topics are kept.
 *
 *   POST /api/router            a method's parameters, as a form or as JSON
 *   GET  /service-market/auth   grants at once
 *   /_sandbox/…                 see ../marketplace/control.ts; faults: ../faults.ts and ../marketplace/gateway.ts
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createControl } from '../marketplace/control.ts'
import { authorize, createLimit, type Dialect, type Reply, serveCall } from '../marketplace/gateway.ts'
import type { Numbering } from '../marketplace/generate.ts'
import { GOODS } from '../marketplace/goods.ts'
import { openShop } from '../marketplace/shop.ts'
import { beijing, type Params } from '../marketplace/wire.ts'
import { sendJson, serveSandbox } from '../serve.ts'
import { badCommon, badSign, badToken, limited, missing, PddError, timedOut } from './errors.ts'
import { GOODS_METHODS } from './goods.ts'
import { LOGISTICS_METHODS } from './logistics.ts'
import type { Context, Method } from './methods.ts'
import type { PinduoduoOptions } from './options.ts'
import { ORDER_METHODS } from './orders.ts'
import { REFUND_METHODS } from './refunds.ts'
import { signatureOf } from './sign.ts'
import { TOKEN_METHODS } from './tokens.ts'
import { shownTo, skuIdOf } from './view.ts'

/** Ten minutes either way [1]. */
const TOLERANCE = 600_000

/** The day in Beijing and fifteen digits. An order is of one article, and the article's number is all its line has. */
const NUMBERING: Numbering = {
  tradeId: (serial, now) =>
    `${beijing(now.toISOString()).slice(2, 10).replaceAll('-', '')}-${355_530_178_000_000 + serial * 1009}`,
  lineId: (_trade, _n, _count, goods) => skuIdOf(GOODS[goods]!),
  mostLines: 1,
}

/** `pdd.time.get`: the platform's clock [M: the key]. */
const TIME: Method = {
  key: 'time_get_response',
  required: [],
  token: false,
  run: (_, { now }) => ({ time: beijing(now.toISOString()) }),
}

/** `pdd.pmc.user.permit`: the topics that messages go out for; none given: all of the application's. */
const PERMIT: Method = {
  key: 'pmc_user_permit_response',
  required: [],
  token: true,
  run(params, { shop }) {
    const topics = params.get('topics')
    shop.store.permit(topics ? topics.split(',').map((t) => t.trim()) : null)
    return { is_success: true }
  },
}

const METHODS: Readonly<Record<string, Method>> = Object.freeze({
  'pdd.time.get': TIME,
  'pdd.pmc.user.permit': PERMIT,
  ...ORDER_METHODS,
  ...REFUND_METHODS,
  ...LOGISTICS_METHODS,
  ...GOODS_METHODS,
  ...TOKEN_METHODS,
})

type Platform = ReturnType<typeof openPlatform>

function openPlatform(options: PinduoduoOptions) {
  const shop = openShop({
    log: options.log,
    seed: options.seed,
    token: options.accessToken,
    life: { access: options.accessSeconds ?? 86_400, refresh: options.refreshSeconds ?? 2_592_000 },
    messagesOf: () => [],
  })
  const calls: Record<string, number> = {}
  const refusals: Record<string, number> = {}
  const control = createControl({
    name: 'pinduoduo',
    ...shop,
    numbering: NUMBERING,
    shown: shownTo,
    counters: () => ({ calls, refused: refusals, topics: shop.store.topics() ?? null }),
  })
  const context = (): Context => ({ shop, options, now: new Date() })
  return { shop, control, context, calls, refusals, allowed: createLimit(options.callsPerSecond ?? 0) }
}

/** Checks the call and does its work. Throws PddError. */
function perform(platform: Platform, params: Params): { method: Method; fields: Record<string, unknown> } {
  const { shop, calls } = platform
  const context = platform.context()
  const type = params.get('type') ?? ''
  if (type === '') throw badCommon('type')
  const method = Object.hasOwn(METHODS, type) ? METHODS[type] : undefined
  if (!method) throw new PddError(10017, 'type不正确')
  checkCommon(params, context)
  calls[type] = (calls[type] ?? 0) + 1
  if (!platform.allowed() || shop.faults.hit('throttled')) throw limited()
  if (method.token) checkToken(platform, params.get('access_token'), context.now)
  const without = method.required.find((field) => !params.get(field))
  if (without) throw missing(without)
  return { method, fields: method.run(params, context) }
}

/** Throws PddError for a call that is not the application's, not now or not in a form that is spoken here. */
function checkCommon(params: Params, { options, now }: Context): void {
  if (!params.get('client_id')) throw badCommon('client_id')
  if (params.get('client_id') !== options.clientId) throw new PddError(10016, 'client下线或者clientId不正确')
  const stamp = params.get('timestamp') ?? ''
  if (!/^\d{1,15}$/.test(stamp) || Math.abs(Number(stamp) * 1000 - now.getTime()) > TOLERANCE)
    throw badCommon('timestamp')
  if ((params.get('data_type') ?? 'JSON') !== 'JSON') throw badCommon('data_type')
  if (!params.get('sign')) throw badCommon('sign')
  if (params.get('sign') !== signatureOf(params, options.clientSecret)) throw badSign()
}

function checkToken({ shop }: Platform, token: string | undefined, now: Date): void {
  if (!token) throw badCommon('access_token')
  const why = shop.faults.hit('sessionExpired') ? 'expired' : shop.auth.check(token, now.getTime())
  if (why) throw badToken(why)
}

let requests = 0

const requestId = (): string => `${Date.now()}${(++requests).toString().padStart(6, '0')}`

function call(platform: Platform, params: Params): Reply {
  try {
    const { method, fields } = perform(platform, params)
    return {
      refused: false,
      body: method.key ? { [method.key]: { ...fields, request_id: requestId() } } : fields,
    }
  } catch (cause) {
    if (!(cause instanceof PddError)) throw cause
    platform.refusals[cause.code] = (platform.refusals[cause.code] ?? 0) + 1
    return { refused: true, body: cause.body(requestId()) }
  }
}

function dialectOf(platform: Platform): Dialect {
  return {
    contentType: 'application/json;charset=UTF-8',
    unreadable: () => badCommon('type').body(requestId()),
    call: (params) => call(platform, params),
    timedOut: () => timedOut().body(requestId()),
  }
}

/** Starts the shop on 127.0.0.1, with what its log holds. Rejects when the port is taken or the log broken. */
export async function startPinduoduo(
  options: PinduoduoOptions,
): Promise<{ url: string; close(): Promise<void> }> {
  const platform = openPlatform(options)
  const dialect = dialectOf(platform)
  return serveSandbox({
    name: 'pinduoduo',
    port: options.port,
    async route(req: IncomingMessage, res: ServerResponse) {
      const url = new URL(req.url ?? '/', 'http://sandbox')
      if (url.pathname.startsWith('/_sandbox/')) return platform.control.serve(req, res, url)
      if (url.pathname === '/api/router' && req.method === 'POST')
        return serveCall(req, res, url, { dialect, faults: platform.shop.faults })
      if (url.pathname === '/service-market/auth')
        return authorize(res, url, options.clientId, platform.shop.auth)
      sendJson(res, 404, { error: `no ${req.method} ${url.pathname} here` })
    },
    stop() {
      platform.control.close()
      platform.shop.close()
    },
  })
}
