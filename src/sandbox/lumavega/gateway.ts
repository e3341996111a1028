/** One call to the gateway: the form, the signature, the limits, the envelope (api.md, chapter 2). */
import { randomUUID } from 'node:crypto'
import type { Faults } from '../faults.ts'
import { instantsOf } from './clock.ts'
import type { Method } from './methods.ts'
import { CODES, type Code, Refusal } from './refusal.ts'
import { isSame, signatureOf } from './sign.ts'

const REQUIRED = ['app_key', 'method', 'session', 'stamp', 'nonce', 'v', 'sign'] as const
const KNOWN: readonly string[] = [...REQUIRED, 'biz']
const STAMP_RANGE = 10 * 60_000
const NONCE_MEMORY = 15 * 60_000
const SECOND = 1000

/** Faults of the gateway itself: `throttle`, `maintenance` and `busy` answer without, `busyAfter` after the work. */
export const GATEWAY_FAULTS = ['throttle', 'maintenance', 'busy', 'busyAfter', 'searchLag'] as const

export interface GatewayOptions {
  appKey: string
  appSecret: string
  session: string
  /** Calls within one second. */
  rate: number
}

/** A call as it came. `body` null: it was too large. */
export interface Call {
  httpMethod: string
  contentType: string
  body: Buffer | null
}

interface GatewayParts extends GatewayOptions {
  methods: Readonly<Record<string, Method>>
  faults: Faults
  isSessionValid(): boolean
}

/** Makes the gateway; it remembers nonces and recent calls until the process ends. */
export function createGateway(parts: GatewayParts) {
  const nonces = new Map<string, number>()
  const calls: number[] = []
  const tally = { calls: 0, refused: 0, throttled: 0 }

  function checkNonce(nonce: string): void {
    const now = Date.now()
    for (const [old, at] of nonces) {
      if (at > now - NONCE_MEMORY) break
      nonces.delete(old)
    }
    if (!/^[A-Za-z0-9]{8,32}$/.test(nonce)) throw new Refusal(1005, 'nonce: 8 to 32 letters or digits')
    if (nonces.has(nonce)) throw new Refusal(1005, 'nonce: used before')
    nonces.set(nonce, now)
  }

  function checkRate(): void {
    const now = performance.now()
    while (calls.length > 0 && calls[0]! <= now - SECOND) calls.shift()
    const forced = parts.faults.hit('throttle')
    if (!forced && calls.length < parts.rate) {
      calls.push(now)
      return
    }
    tally.throttled += 1
    const wait = Math.max(1, Math.ceil((calls[0] ?? now) + SECOND - now))
    throw new Refusal(7001, `more than ${parts.rate} calls within a second`, { retry_after_ms: wait })
  }

  function work(call: Call): unknown {
    const form = readForm(call)
    checkCaller(form, parts)
    checkNonce(form.nonce)
    if (form.session !== parts.session || !parts.isSessionValid()) throw new Refusal(1008, 'session')
    checkRate()
    const method = Object.hasOwn(parts.methods, form.method) ? parts.methods[form.method] : undefined
    if (!method) throw new Refusal(1002, `no method ${form.method}`)
    if (parts.faults.hit('maintenance')) throw new Refusal(9002, 'volvemos pronto')
    if (parts.faults.hit('busy')) throw new Refusal(9001, 'tiempo agotado')
    const data = method(form.biz)
    if (parts.faults.hit('busyAfter')) throw new Refusal(9001, 'tiempo agotado')
    return data
  }

  return {
    tally,
    /** The answer's body. Throws only on a fault of the sandbox itself. */
    answer(call: Call): object {
      tally.calls += 1
      try {
        return envelope(0, '', '', work(call))
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        tally.refused += 1
        return envelope(error.code, CODES[error.code], error.message, error.data)
      }
    },
  }
}

function envelope(code: Code | 0, sub: string, message: string, data: unknown): object {
  return { code, sub, message, request_id: randomUUID(), data }
}

type Form = Record<(typeof REQUIRED)[number] | 'biz', string>

function readForm({ httpMethod, contentType, body }: Call): Form {
  if (httpMethod !== 'POST') throw new Refusal(1010, 'POST')
  if (!/^application\/x-www-form-urlencoded(\s*;|$)/i.test(contentType)) throw new Refusal(1011, 'not a form')
  if (body === null) throw new Refusal(1011, 'larger than 1 MiB')
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(utf8(body))) {
    if (fields.has(name)) throw new Refusal(1012, `${name} is there twice`)
    if (!KNOWN.includes(name)) throw new Refusal(1012, `${name} is no field of a call`)
    fields.set(name, value)
  }
  const missing = REQUIRED.find((name) => !fields.get(name))
  if (missing) throw new Refusal(1001, `${missing} is missing`)
  return { biz: '', ...Object.fromEntries(fields) } as Form
}

/** Of the form and of what its escapes mean: URLSearchParams would put a question mark for what is no UTF-8. */
function utf8(body: Buffer): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    decodeURIComponent(text.replaceAll('+', ' '))
    return text
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof URIError) throw new Refusal(1011, 'not UTF-8')
    throw cause
  }
}

function checkCaller(form: Form, { appKey, appSecret }: GatewayOptions): void {
  if (form.v !== '3.0') throw new Refusal(1003, 'v: 3.0')
  if (form.app_key !== appKey) throw new Refusal(1007, `no application ${form.app_key}`)
  const now = Date.now()
  const near = instantsOf(form.stamp).some((at) => Math.abs(at - now) <= STAMP_RANGE)
  if (!near) throw new Refusal(1004, `stamp: our clock says ${new Date(now).toISOString()}`)
  if (!isSame(form.sign, signatureOf(Object.entries(form), appSecret))) throw new Refusal(1006, 'sign')
}
