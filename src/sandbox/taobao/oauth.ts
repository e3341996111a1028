/**
 * TOP's authorisation: the page that a seller would click on grants at once here, `/token` and its two twins among the
 * methods change codes and refresh tokens for sessions. [1] for the fields of the answer, [M] for the rest.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuthFailure, Token } from '../marketplace/auth.ts'
import { readParams } from '../marketplace/wire.ts'
import { readBody, sendJson } from '../serve.ts'
import { refused } from './errors.ts'
import { USER_ID } from './messages.ts'
import type { Context, Method } from './methods.ts'

const BODY_LIMIT = 65_536

/** `POST /token`. */
export async function token(
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  context: Context,
): Promise<void> {
  const body = await readBody(req, BODY_LIMIT)
  const params = body && readParams(req, url, body)
  const { appKey, appSecret } = context.options
  if (params?.get('client_id') !== appKey || params.get('client_secret') !== appSecret)
    return sendJson(res, 400, {
      error: 'invalid_client',
      error_description: 'client_id or client_secret is wrong',
    })
  const { auth } = context.shop
  const now = context.now.getTime()
  const grants: Record<string, () => Token | AuthFailure> = {
    authorization_code: () => auth.exchange(params.get('code') ?? '', now),
    refresh_token: () => auth.refresh(params.get('refresh_token') ?? '', now),
  }
  const grant = grants[params.get('grant_type') ?? '']
  if (!grant) return sendJson(res, 400, { error: 'unsupported_grant_type' })
  const got = grant()
  if (typeof got === 'string')
    return sendJson(res, 400, { error: 'invalid_grant', error_description: `the code or token is ${got}` })
  sendJson(res, 200, tokenFields(got, context))
}

/** A session as it is given out; the levels r1 to w2 end with it here. */
function tokenFields(got: Token, { seller, now }: Context): Record<string, unknown> {
  const left = Math.floor((got.accessUntil - now.getTime()) / 1000)
  return {
    access_token: got.access,
    token_type: 'Bearer',
    expires_in: left,
    refresh_token: got.refresh,
    re_expires_in: Math.floor((got.refreshUntil - now.getTime()) / 1000),
    r1_expires_in: left,
    r2_expires_in: left,
    w1_expires_in: left,
    w2_expires_in: left,
    taobao_user_id: String(USER_ID),
    taobao_user_nick: encodeURIComponent(seller),
  }
}

function twin(name: 'code' | 'refresh_token'): Method {
  return {
    required: [name],
    session: false,
    run(params, context) {
      const { auth } = context.shop
      const now = context.now.getTime()
      const given = params.get(name)!
      const got = name === 'code' ? auth.exchange(given, now) : auth.refresh(given, now)
      if (typeof got === 'string') throw refused(`isv.${name}-${got}`, `${name} is ${got}`)
      return { token_result: JSON.stringify(tokenFields(got, context)) }
    },
  }
}

export const TOKEN_METHODS: Readonly<Record<string, Method>> = Object.freeze({
  'taobao.top.auth.token.create': twin('code'),
  'taobao.top.auth.token.refresh': twin('refresh_token'),
})
