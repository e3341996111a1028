/** JSON-2, the interface of 19 and later: POST /json/2/<model>/<method> (global.md §9). */
import type { IncomingHttpHeaders } from 'node:http'
import { type Answer, jsonAnswer, type Odoo, openCall, pageAnswer } from './call.ts'
import { httpError, OdooError, serialized } from './errors.ts'
import { encode } from './json.ts'
import { bind, methodOf, perform, unprocessable } from './methods.ts'
import type { Values } from './model.ts'

const notFound = (text: string) => httpError(404, 'NotFound', text)

/** The arguments in the body. A body that is JSON but no object is passed over, as the dispatcher does. */
function argumentsOf(body: Buffer): Values {
  if (body.length === 0) return {}
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString())
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw httpError(400, 'BadRequest', `could not parse the body as json: ${cause.message}`)
  }
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Values) : {}
}

function authenticate(odoo: Odoo, headers: IncomingHttpHeaders): void {
  const [scheme = '', key] = (headers.authorization ?? '').split(/\s+/)
  if (scheme.toLowerCase() === 'bearer' && key === odoo.options.apiKey) return
  const text = headers.authorization
    ? 'Invalid apikey'
    : 'User not authenticated, use the "Authorization" header'
  throw httpError(401, 'Unauthorized', text)
}

function call(odoo: Odoo, path: string, body: Buffer): unknown {
  const [model = '', name = '', ...rest] = path.split('/').map(decodeURIComponent)
  if (!model || !name || rest.length > 0) throw notFound('Did you mean POST /json/2/<model>/<method>?')
  const { ids = [], context = {}, ...given } = argumentsOf(body)
  const found = odoo.models.get(model)
  if (!found) throw notFound(`the model '${model}' does not exist`)
  const env = openCall(odoo, context as Values)
  const method = methodOf(env, found, name, notFound)
  const list = [ids].flat() as number[]
  if (method.on === 'model' && list.length > 0) throw unprocessable(`cannot call ${model}.${name} with ids`)
  return perform(env, found, name, method, list, bind(method, given, unprocessable))
}

/** Answers one request under /json/2; `path` is what follows "/json/2/". */
export function answerJson2(odoo: Odoo, path: string, headers: IncomingHttpHeaders, body: Buffer): Answer {
  const wanted = headers['x-odoo-database']
  // Without a database there is no such route.
  const known = wanted === undefined ? odoo.databases.length === 1 : odoo.databases.includes(String(wanted))
  if (odoo.version < 19 || !known) return pageAnswer(404, '404 Not Found')
  if (body.length > 0 && !/^application\/json\b/.test(headers['content-type'] ?? '')) {
    return pageAnswer(415, '415 Unsupported Media Type')
  }
  try {
    authenticate(odoo, headers)
    return jsonAnswer(200, encode(call(odoo, path, body)))
  } catch (cause) {
    if (!(cause instanceof OdooError)) throw cause
    const answer = jsonAnswer(cause.status, encode(serialized(cause)))
    if (cause.status === 401) answer.headers['WWW-Authenticate'] = 'Bearer'
    return answer
  }
}
