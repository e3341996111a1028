/**
 * The Taobao sandbox: one shop behind TOP, the gateway of Taobao and Tmall, as china.md §6 describes it: one address,
 * signed parameters, every answer a 200. Started by `tributary sandbox taobao` and by tests; it imports nothing that
 * the product uses to talk to TOP.
 *
 *   POST /router/rest      a method's parameters, as a form or in the query
 *   POST /token            the authorisation's token endpoint; GET /authorize grants at once
 *   /_sandbox/…            see ../marketplace/control.ts; faults: ../faults.ts and ../marketplace/gateway.ts
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createControl } from '../marketplace/control.ts'
import { authorize, createLimit, type Dialect, type Reply, serveCall } from '../marketplace/gateway.ts'
import type { Numbering } from '../marketplace/generate.ts'
import { openShop } from '../marketplace/shop.ts'
import { beijing, type Params } from '../marketplace/wire.ts'
import { sendJson, serveSandbox } from '../serve.ts'
import { badSession, limited, missing, refused, TopError } from './errors.ts'
import { checkCall } from './gate.ts'
import { ITEM_METHODS } from './items.ts'
import { LOGISTICS_METHODS } from './logistics.ts'
import { createMessages, messagesOf } from './messages.ts'
import type { Context, Method } from './methods.ts'
import { TOKEN_METHODS, token } from './oauth.ts'
import { type TaobaoOptions, tradeId } from './options.ts'
import { REFUND_METHODS } from './refunds.ts'
import { TRADE_METHODS } from './trades.ts'
import { shownTo } from './view.ts'

const NUMBERING: Numbering = {
  tradeId,
  // The only sub-order of a trade has the trade's own number [1].
  lineId: (trade, n, count) => (count === 1 ? trade : String(BigInt(trade) + 1n + BigInt(n))),
  mostLines: 12,
}

/** `taobao.time.get`: the platform's clock. */
const TIME: Method = {
  required: [],
  session: false,
  run: (_, { now }) => ({ time: beijing(now.toISOString()) }),
}

type Platform = ReturnType<typeof openPlatform>

function openPlatform(options: TaobaoOptions) {
  const seller = options.sellerNick ?? '样例旗舰店'
  const shop = openShop({
    log: options.log,
    seed: options.seed,
    token: options.session,
    life: { access: options.accessSeconds ?? 86_400, refresh: options.refreshSeconds ?? 2_592_000 },
    messagesOf: (before, after) => messagesOf(before, after, seller),
  })
  const methods: Record<string, Method> = {
    'taobao.time.get': TIME,
    ...TRADE_METHODS,
    ...REFUND_METHODS,
    ...LOGISTICS_METHODS,
    ...ITEM_METHODS,
    ...TOKEN_METHODS,
    ...createMessages(options.redeliverSeconds ?? 60),
  }
  const calls: Record<string, number> = {}
  const refusals: Record<string, number> = {}
  const control = createControl({
    name: 'taobao',
    ...shop,
    numbering: NUMBERING,
    shown: shownTo,
    counters: () => ({ calls, refused: refusals, messages: shop.store.messages.size }),
  })
  const context = (): Context => ({ shop, options, seller, now: new Date() })
  return {
    shop,
    methods,
    control,
    context,
    calls,
    refusals,
    allowed: createLimit(options.callsPerSecond ?? 0),
  }
}

/** Finds the method, checks the call and does its work. Throws TopError. */
function perform(platform: Platform, name: string | undefined, params: Params): Record<string, unknown> {
  const { methods, shop, calls } = platform
  const context = platform.context()
  const method = name && Object.hasOwn(methods, name) ? methods[name] : undefined
  if (!name) throw new TopError(21, 'Missing method')
  if (!method) throw new TopError(22, 'Invalid method', 'isv.invalid-method', '不存在的方法名')
  checkCall(params, context.options, context.now.getTime())
  calls[name] = (calls[name] ?? 0) + 1
  if (!platform.allowed() || shop.faults.hit('throttled')) throw limited()
  if (method.session) checkSession(platform, params.get('session'), context.now)
  const without = method.required.find((field) => !params.get(field))
  if (without) throw missing(without)
  return method.run(params, context)
}

function checkSession({ shop }: Platform, session: string | undefined, now: Date): void {
  if (!session) throw new TopError(26, 'Missing session')
  const why = shop.faults.hit('sessionExpired') ? 'expired' : shop.auth.check(session, now.getTime())
  if (why) throw badSession(why)
}

let requests = 0

/** Sixteen characters or so that no other answer of this process has. */
const requestId = (): string => `sandbox${(++requests).toString(36).padStart(9, '0')}`

/** `taobao.trades.sold.get` answers as `trades_sold_get_response` [2+]. */
const responseKey = (name: string): string => `${name.replace(/^taobao\./, '').replaceAll('.', '_')}_response`

function call(platform: Platform, params: Params): Reply {
  const name = params.get('method')
  try {
    const fields = perform(platform, name, params)
    return { refused: false, body: { [responseKey(name!)]: { ...fields, request_id: requestId() } } }
  } catch (cause) {
    if (!(cause instanceof TopError)) throw cause
    const code = cause.subCode || String(cause.code)
    platform.refusals[code] = (platform.refusals[code] ?? 0) + 1
    return { refused: true, body: cause.body(requestId()) }
  }
}

function dialectOf(platform: Platform): Dialect {
  return {
    contentType: 'text/javascript;charset=UTF-8',
    unreadable: () => new TopError(21, 'Missing method').body(requestId()),
    call: (params) => call(platform, params),
    timedOut: () => refused('isp.top-remote-connection-timeout', '服务方连接超时').body(requestId()),
  }
}

/** Starts the shop on 127.0.0.1, with what its log holds. Rejects when the port is taken or the log broken. */
export async function startTaobao(options: TaobaoOptions): Promise<{ url: string; close(): Promise<void> }> {
  const platform = openPlatform(options)
  const dialect = dialectOf(platform)
  return serveSandbox({
    name: 'taobao',
    port: options.port,
    async route(req: IncomingMessage, res: ServerResponse) {
      const url = new URL(req.url ?? '/', 'http://sandbox')
      if (url.pathname.startsWith('/_sandbox/')) return platform.control.serve(req, res, url)
      if (url.pathname === '/router/rest')
        return serveCall(req, res, url, { dialect, faults: platform.shop.faults })
      if (url.pathname === '/token' && req.method === 'POST') return token(req, res, url, platform.context())
      if (url.pathname === '/authorize') return authorize(res, url, options.appKey, platform.shop.auth)
      sendJson(res, 404, { error: `no ${req.method} ${url.pathname} here` })
    },
    stop() {
      platform.control.close()
      platform.shop.close()
    },
  })
}
