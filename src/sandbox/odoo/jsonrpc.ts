/**
 * The older interfaces (global.md §9): the RPC services at /jsonrpc, and the web client's own calls, which
 * need a session. Every failure is inside a 200.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Answer, jsonAnswer, type Odoo, openCall, pageAnswer, USER_ID } from './call.ts'
import { accessDenied, OdooError, serialized, typeError, userError } from './errors.ts'
import { encode } from './json.ts'
import { bindPositional, methodOf, perform } from './methods.ts'
import type { Values } from './model.ts'

const missingMethod = (text: string) => new OdooError('builtins.AttributeError', text)
const MESSAGES = { 100: 'Odoo Session Expired', 200: 'Odoo Server Error', 404: '404: Not Found' } as const

class Failed extends Error {
  readonly code: keyof typeof MESSAGES
  readonly odoo: OdooError
  constructor(code: keyof typeof MESSAGES, odoo: OdooError) {
    super(odoo.message)
    this.code = code
    this.odoo = odoo
  }
}

const expired = () =>
  new Failed(100, new OdooError('odoo.http.SessionExpiredException', 'Session expired', 403))

/** Calls a model's method with positional and named arguments; the first of a record method are its ids. */
function callModel(
  odoo: Odoo,
  model: string,
  name: string,
  args: readonly unknown[],
  kwargs: Values,
): unknown {
  const { context = {}, ...named } = kwargs
  const found = odoo.models.get(model)
  if (!found) throw userError(`Object ${model} doesn't exist`)
  const env = openCall(odoo, context as Values)
  const method = methodOf(env, found, name, missingMethod)
  const ids = method.on === 'record' ? ([args[0] ?? []].flat() as number[]) : []
  const bound = bindPositional(method, method.on === 'record' ? args.slice(1) : args, named)
  const result = perform(env, found, name, method, ids, bound)
  return name === 'create' && !Array.isArray(bound.vals_list) ? (result as number[])[0] : result
}

function checkDatabase(odoo: Odoo, database: unknown): void {
  if (odoo.databases.includes(String(database))) return
  throw new OdooError(
    'psycopg2.OperationalError',
    `connection to server failed: FATAL:  database "${String(database)}" does not exist\n`,
  )
}

const isUser = (odoo: Odoo, login: unknown, key: unknown) =>
  login === (odoo.options.login ?? 'api@example.com') && key === odoo.options.apiKey

function versionInfo(odoo: Odoo) {
  return {
    server_version: `${odoo.version}.0`,
    server_version_info: [odoo.version, 0, 0, 'final', 0, ''],
    server_serie: `${odoo.version}.0`,
    protocol_version: 1,
  }
}

function common(odoo: Odoo, method: string, args: readonly unknown[]): unknown {
  if (method === 'version') return versionInfo(odoo)
  if (method !== 'login' && method !== 'authenticate') {
    throw new OdooError('builtins.Exception', `Method not found: ${method}`)
  }
  const [database, login, key] = args
  checkDatabase(odoo, database)
  return isUser(odoo, login, key) ? USER_ID : false
}

function object(odoo: Odoo, method: string, args: readonly unknown[]): unknown {
  const [database, uid, key, model, name, ...rest] = args
  checkDatabase(odoo, database)
  if (uid !== USER_ID || key !== odoo.options.apiKey) throw accessDenied()
  if (method === 'execute') return callModel(odoo, String(model), String(name), rest, {})
  if (method !== 'execute_kw') throw new OdooError('builtins.NameError', `Method not available ${method}`)
  const [positional = [], named = {}] = rest as [unknown[]?, Values?]
  return callModel(odoo, String(model), String(name), positional, named)
}

function service(odoo: Odoo, params: Values): unknown {
  const { service: name, method, args = [] } = params
  if (!Array.isArray(args)) throw typeError('args must be a list')
  const guarded =
    name === 'object' || (name === 'common' && (method === 'login' || method === 'authenticate'))
  if (guarded && odoo.options.rpc === 'off') {
    throw new Failed(404, new OdooError('werkzeug.exceptions.NotFound', '404 Not Found', 404))
  }
  if (name === 'common') return common(odoo, String(method), args)
  if (name === 'object') return object(odoo, String(method), args)
  throw new OdooError('builtins.KeyError', `'${String(name)}'`)
}

function sessionOf(odoo: Odoo, headers: IncomingHttpHeaders): string | null {
  const id = /(?:^|;\s*)session_id=([\w-]+)/.exec(headers.cookie ?? '')?.[1]
  return id !== undefined && odoo.sessions.has(id) ? id : null
}

function login(odoo: Odoo, params: Values): { result: unknown; cookie: string } {
  checkDatabase(odoo, params.db)
  if (!isUser(odoo, params.login, params.password)) throw accessDenied()
  const id = randomBytes(20).toString('hex')
  odoo.sessions.add(id)
  const result = { uid: USER_ID, db: params.db, username: params.login, server_version: `${odoo.version}.0` }
  return { result, cookie: `session_id=${id}; Expires=Fri, 31 Dec 2099 00:00:00 GMT; HttpOnly; Path=/` }
}

/** `path` as asked for; `cookie` is set where the answer opens a session. */
function routed(odoo: Odoo, path: string, headers: IncomingHttpHeaders, params: Values) {
  if (path === '/jsonrpc') return { result: service(odoo, params) }
  if (path === '/web/session/authenticate') return login(odoo, params)
  if (sessionOf(odoo, headers) === null) throw expired()
  const { model, method, args = [], kwargs = {} } = params
  return { result: callModel(odoo, String(model), String(method), args as unknown[], kwargs as Values) }
}

/** True for a path that this interface answers. */
export function isJsonRpc(path: string): boolean {
  return (
    path === '/jsonrpc' || path === '/web/session/authenticate' || /^\/web\/dataset\/call_kw(\/|$)/.test(path)
  )
}

/** Answers one request. A body that is no JSON gets a bare 400, as the dispatcher does. */
export function answerJsonRpc(odoo: Odoo, path: string, headers: IncomingHttpHeaders, body: Buffer): Answer {
  if (path === '/jsonrpc' && odoo.options.rpc === 'gone') return pageAnswer(404, '404 Not Found')
  let request: { id?: unknown; params?: Values }
  try {
    request = JSON.parse(body.toString())
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    return { ...pageAnswer(400, '400 Bad Request'), body: Buffer.from('Invalid JSON data') }
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    return { ...pageAnswer(400, '400 Bad Request'), body: Buffer.from('Invalid JSON-RPC data') }
  }
  const envelope = { jsonrpc: '2.0', id: request.id ?? null }
  try {
    const { result, cookie } = { cookie: null, ...routed(odoo, path, headers, request.params ?? {}) }
    const answer = jsonAnswer(200, encode({ ...envelope, result }))
    if (cookie) answer.headers['Set-Cookie'] = cookie
    return answer
  } catch (cause) {
    const failed = cause instanceof OdooError ? new Failed(200, cause) : cause
    if (!(failed instanceof Failed)) throw cause
    const error = { code: failed.code, message: MESSAGES[failed.code], data: serialized(failed.odoo) }
    return jsonAnswer(200, encode({ ...envelope, error }))
  }
}
