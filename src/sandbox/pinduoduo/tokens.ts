/**
 * Authorisation: the page that a merchant would click on grants at once here; two methods change codes and refresh
 * tokens for access tokens. A new grant voids older codes and tokens at once, a refresh never lengthens the grant
 * [1, MCC].
 */
import type { AuthFailure, Token } from '../marketplace/auth.ts'
import { PddError } from './errors.ts'
import type { Context, Method } from './methods.ts'

/** The shop's number. */
export const OWNER_ID = '330000101'

function tokenFields(got: Token | AuthFailure, name: string, { now }: Context): Record<string, unknown> {
  if (typeof got === 'string') throw new PddError(got === 'expired' ? 10019 : 21001, `${name}已过期或者错误`)
  const until = Math.floor(got.accessUntil / 1000)
  const left = Math.floor((got.accessUntil - now.getTime()) / 1000)
  const levels = ['r1', 'r2', 'w1', 'w2'].flatMap((level) => [
    [`${level}_expires_at`, until],
    [`${level}_expires_in`, left],
  ])
  return {
    access_token: got.access,
    expires_at: until,
    expires_in: left,
    refresh_token: got.refresh,
    refresh_token_expires_at: Math.floor(got.refreshUntil / 1000),
    refresh_token_expires_in: Math.floor((got.refreshUntil - now.getTime()) / 1000),
    owner_id: OWNER_ID,
    owner_name: 'pdd样例店铺',
    scope: ['pdd.order.list.get', 'pdd.order.information.get', 'pdd.refund.list.increment.get'],
    ...Object.fromEntries(levels),
  }
}

const create: Method = {
  key: 'pop_auth_token_create_response',
  required: ['code'],
  token: false,
  run(params, context) {
    const got = context.shop.auth.exchange(params.get('code')!, context.now.getTime())
    return tokenFields(got, 'code', context)
  },
}

const refresh: Method = {
  key: 'pop_auth_token_refresh_response',
  required: ['refresh_token'],
  token: false,
  run(params, context) {
    const got = context.shop.auth.refresh(params.get('refresh_token')!, context.now.getTime())
    return tokenFields(got, 'refresh_token', context)
  },
}

export const TOKEN_METHODS: Readonly<Record<string, Method>> = Object.freeze({
  'pdd.pop.auth.token.create': create,
  'pdd.pop.auth.token.refresh': refresh,
})
