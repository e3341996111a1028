/**
 * What the platform's gateway looks at before an API is reached, in this order: the method and its path, app
 * key, timestamp, signature over the canonical `param_json`, token, pace (facts §7.3).
 */
import type { Faults } from '../faults.ts'
import { GATEWAY } from './answer.ts'
import type { DouyinOptions } from './options.ts'
import { type Params, readParams } from './params.ts'
import { canonicalParam, type SignMethod, signCall } from './sign.ts'
import type { Tokens } from './tokens.ts'

/** One API. `open`: needs no token. */
export interface Api {
  open?: boolean
  call(params: Params): object
}

export interface GatewayParts {
  options: DouyinOptions
  tokens: Tokens
  faults: Faults
  apis: Readonly<Record<string, Api>>
}

/** Makes the gateway. */
export function createGateway({ options, tokens, faults, apis }: GatewayParts) {
  const mayPass = createPace(options.callsPerSecond ?? 0)
  let throttled = 0

  function checkSign(query: URLSearchParams, param: string): void {
    const by = query.get('sign_method') ?? 'md5'
    const sign = query.get('sign')
    if (!sign) throw GATEWAY.noSign()
    if (by !== 'hmac-sha256' && by !== 'md5') throw GATEWAY.badSign()
    if (by === 'md5' && options.hmacOnly) throw GATEWAY.badSign()
    const signed = {
      appKey: options.appKey,
      method: query.get('method') ?? '',
      paramJson: param,
      timestamp: query.get('timestamp') ?? '',
      v: query.get('v') ?? '',
    }
    if (signed.v !== '2') throw GATEWAY.badSign()
    if (signCall(options.appSecret, signed, by satisfies SignMethod) !== sign) throw GATEWAY.badSign()
  }

  function checkToken(query: URLSearchParams): void {
    const access = query.get('access_token')
    if (!access) throw GATEWAY.noToken()
    if (faults.hit('tokenExpired')) tokens.expireAll()
    const state = tokens.check(access)
    if (state === 'unknown') throw GATEWAY.unknownToken()
    if (state === 'expired') throw GATEWAY.expiredToken()
  }

  return {
    throttled: () => throttled,
    /** The data of the answer. Throws Refused. */
    call(path: string, query: URLSearchParams, body: string): object {
      const method = query.get('method') ?? ''
      const api = Object.hasOwn(apis, method) ? apis[method]! : null
      if (!api || path !== `/${method.replaceAll('.', '/')}`) throw GATEWAY.noApi()
      const key = query.get('app_key')
      if (!key) throw GATEWAY.noApp()
      if (key !== options.appKey) throw GATEWAY.wrongApp()
      checkTimestamp(query.get('timestamp') ?? '', options.clockTolerance ?? 600)
      const param = canonicalParam(body)
      const params = readParams(body)
      if (param === null || params === null) throw GATEWAY.badParam()
      checkSign(query, param)
      if (!api.open) checkToken(query)
      if (!mayPass() || faults.hit('throttle')) {
        throttled += 1
        throw GATEWAY.throttled()
      }
      return api.call(params)
    },
  }
}

/** Unix seconds, or text in China's own time. */
function checkTimestamp(text: string, tolerance: number): void {
  const local = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/.exec(text)
  const ms = local
    ? Date.parse(`${local[1]}T${local[2]}+08:00`)
    : /^\d{10}$/.test(text)
      ? Number(text) * 1000
      : Number.NaN
  if (Number.isNaN(ms)) throw GATEWAY.badTimestamp()
  if (Math.abs(Date.now() - ms) > tolerance * 1000) throw GATEWAY.oldTimestamp()
}

/** A bucket of one second's calls; without a limit everything passes. */
function createPace(perSecond: number): () => boolean {
  let left = perSecond
  let at = performance.now()
  return () => {
    if (perSecond === 0) return true
    const now = performance.now()
    left = Math.min(perSecond, left + ((now - at) / 1000) * perSecond)
    at = now
    if (left < 1) return false
    left -= 1
    return true
  }
}
