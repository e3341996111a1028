/**
 * Access tokens of the shop (facts §7.3): `token.create` for self-use apps (`authorization_self`) or by a
 * code, and `token.refresh`. More than an hour before its end a refresh gives the same pair back with the same
 * end; within the last hour a new pair, and the old one lives on to its end; after the end a new pair, and the
 * old one is dead (the platform's own description of `access_token`, as public clients quote it).
 */
import { randomUUID } from 'node:crypto'
import { numberText } from '../exact-json.ts'
import { Refused } from './answer.ts'
import type { DouyinOptions } from './options.ts'
import { optionalText, type Params } from './params.ts'
import type { Store, TokenPair } from './store.ts'

const HOUR = 3_600_000
const WEEK = 7 * 24 * 3600

const refused = (sub: string, text: string) => new Refused(50001, `dop.token-generate-failed:${sub}`, text)

/** Makes the tokens of one shop. */
export function createTokens(store: Store, options: DouyinOptions) {
  const life = (options.tokenLife ?? WEEK) * 1000

  function issue(): TokenPair {
    const now = Date.now()
    const pair = {
      access: randomUUID(),
      refresh: randomUUID(),
      accessUntil: now + life,
      refreshUntil: now + 2 * life,
    }
    store.issue(pair)
    return pair
  }

  function renewed(pair: TokenPair): TokenPair {
    return pair.accessUntil - Date.now() > Math.min(HOUR, life / 2) ? pair : issue()
  }

  function shown(pair: TokenPair): object {
    return {
      access_token: pair.access,
      expires_in: Math.max(0, Math.round((pair.accessUntil - Date.now()) / 1000)),
      refresh_token: pair.refresh,
      scope: 'SCOPE',
      shop_id: numberText(options.shopId),
      shop_name: '小茶旗舰店 🍵',
      authority_id: options.shopId,
      auth_subject_type: 'ShangHu',
    }
  }

  function create(params: Params): object {
    const grant = optionalText(params, 'grant_type')
    if (grant === 'authorization_self') {
      const test = optionalText(params, 'test_shop') === '1'
      if (!test && optionalText(params, 'shop_id') !== options.shopId) {
        throw refused('no-authorization', '生成token失败，店铺授权已失效，请重新引导商家完成店铺授权')
      }
    } else if (grant === 'authorization_code') {
      if (optionalText(params, 'code') !== options.code) {
        throw refused('code-invalid', '生成token失败，code参数不正确，请引导商家重新授权获取code')
      }
    } else throw refused('grant-type-invalid', '生成token失败，grant_type参数取值不正确')
    const last = store.tokens().at(-1)
    return shown(last ? renewed(last) : issue())
  }

  function refresh(params: Params): object {
    if (optionalText(params, 'grant_type') !== 'refresh_token') {
      throw refused('grant-type-invalid', '生成token失败，grant_type参数取值不正确')
    }
    const token = optionalText(params, 'refresh_token')
    const pair = store.tokens().findLast((t) => t.refresh === token)
    if (!pair) throw refused('token-invalid', '生成token失败，token不存在')
    const last = store.tokens().at(-1)!
    if (pair.refreshUntil <= Date.now()) throw refused('token-expired', '生成token失败，token已过期')
    // a pair that has been renewed after its end is dead
    if (pair !== last && pair.accessUntil <= Date.now())
      throw refused('token-invalid', '生成token失败，token不存在')
    return shown(renewed(last))
  }

  return {
    create,
    refresh,
    /** What an access token is worth now. */
    check(access: string): 'good' | 'expired' | 'unknown' {
      const pair = store.tokens().findLast((t) => t.access === access)
      if (!pair) return 'unknown'
      return pair.accessUntil > Date.now() ? 'good' : 'expired'
    },
    expireAll: () => store.expireTokens(),
  }
}

export type Tokens = ReturnType<typeof createTokens>
