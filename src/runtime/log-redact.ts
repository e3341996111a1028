/**
 * What may stand in a log. Error objects carry payloads (PGlite: query and parameters, axios: headers and
 * bodies), so errors go through an allow-list; everything else loses secrets and personal data by the names
 * of its fields, and texts lose what looks like an address, a telephone number or a credential.
 */
import { shapeOf, TributaryError } from '../core/errors/error.ts'

const HIDDEN = '[redacted]'

/** Fields that hold secrets or tell who somebody is, by the end of their name in any spelling. */
const PERSONAL =
  /(^|_)(name|phone|phones|mobile|tel|telephone|email|emails|mail|address|address[12]|addresses|street|city|district|postcode|zip|postal_?code|receiver|recipient|consignee|buyer|customer|contact|company|tax_?id|remark|remarks|note|notes|ship_?to|bill_?to|latitude|longitude|ip)$/
const SECRET =
  /(^|_)(token|tokens|authorization|auth|password|passwd|passphrase|secret|secrets|api_?key|private_?key|credential|credentials|cookie|cookies|session|signature|sign|hmac|settings|env)$/
/** Fields that hold whole payloads: only their shape is logged. */
const PAYLOAD =
  /(^|_)(body|payload|raw|data|document|record|records|rows|row|headers|params|parameters|query|values|request|response|config|input|output|lines|bytes)$/
/** Ids that may look like telephone numbers and are not. */
const IDS =
  /^(order|push|key|id|ids|connection|external_id|stream|flow|remote_id|remote_number|number|job|hash)$/

/** Names of people's things in Chinese exports and ERP fields end up under their own names. */
const CHINESE = /(姓名|电话|手机|地址|邮箱|收货|收件|买家|备注|密码|密钥|令牌)/

const snake = (key: string) =>
  key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase()

/**
 * Masks inside a text: credentials in addresses and headers, e-mail addresses, telephone numbers. Order
 * numbers stay: a mobile number is eleven digits beginning with 13–19 on their own, others need a plus.
 */
export function redactText(text: string): string {
  return text
    .replace(/(\w+:\/\/)[^\s/@:]*:[^\s/@]*@/g, `$1${HIDDEN}@`)
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]+/gi, `$1 ${HIDDEN}`)
    .replace(
      /([?&;\s"']|^)(\w*(?:token|secret|password|sign|key))(["']?\s*[=:]\s*["']?)[^\s&;"',}]+/gi,
      `$1$2$3${HIDDEN}`,
    )
    .replace(/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, HIDDEN)
    .replace(/(?<![\w.-])(\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![\w.-]*\d)/g, HIDDEN)
    .replace(/\+\d[\d ()-]{6,18}\d/g, HIDDEN)
}

/** Messages of foreign errors quote what they could not use (`invalid input syntax for type integer: "…"`). */
function redactForeign(message: string): string {
  const unquoted = message
    .replace(/(["'`“]).*(["'`”])/gs, (whole) => `[${whole.length} characters]`)
    .replace(/\)=\(.*\)/gs, ')=(…)')
  return redactText(unquoted).slice(0, 300)
}

export interface LoggedError {
  name: string
  code?: string
  kind?: string
  message: string
  stack?: string
  cause?: LoggedError
}

/**
 * The allow-list for errors: name, code, kind, message, the frames of the stack (never its first lines, which
 * repeat the message) and the same of the cause, three deep. Nothing else of the object is looked at.
 */
export function loggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { name: 'thrown', message: shapeOf(error) }
  const own = error instanceof TributaryError
  const code = (error as { code?: unknown }).code
  const cause = error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined)
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    name: error.name.slice(0, 60),
    ...(typeof code === 'string' && /^[\w-]{1,60}$/.test(code) ? { code } : {}),
    ...(own ? { kind: error.kind } : {}),
    message: own ? redactText(error.message) : redactForeign(error.message),
    ...(frames.length > 0 ? { stack: frames.slice(0, 12).join('\n') } : {}),
    ...(cause !== undefined && depth < 2 ? { cause: loggedError(cause, depth + 1) } : {}),
  }
}

/** A value of a log line as it may be written. */
export function redact(key: string, value: unknown, depth = 0): unknown {
  if (value === null || value === undefined || typeof value === 'boolean') return value
  const name = snake(key)
  if (SECRET.test(name) || PERSONAL.test(name) || CHINESE.test(key)) return HIDDEN
  if (value instanceof Error) return loggedError(value)
  if (typeof value === 'string')
    return IDS.test(name) ? value.slice(0, 200) : redactText(value).slice(0, 2000)
  if (typeof value === 'number' || typeof value === 'bigint')
    return typeof value === 'bigint' ? String(value) : value
  if (value instanceof Date) return value.toISOString()
  if (typeof value !== 'object') return typeof value
  if (PAYLOAD.test(name) || ArrayBuffer.isView(value) || depth > 3) return shapeOf(value)
  if (Array.isArray(value)) {
    const shown = value.slice(0, 20).map((v) => redact(key, v, depth + 1))
    return value.length > 20 ? [...shown, `… ${value.length - 20} more`] : shown
  }
  return redactFields(value as Record<string, unknown>, depth + 1)
}

/** Every field of an object. */
export function redactFields(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, redact(k, v, depth)]))
}
