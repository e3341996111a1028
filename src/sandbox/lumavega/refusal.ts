/** The codes of the marketplace (api.md, chapter 8). */

/** Code → the word that stands in `sub`. */
export const CODES = Object.freeze({
  1001: 'field.missing',
  1002: 'method.unknown',
  1003: 'version.unknown',
  1004: 'stamp.range',
  1005: 'nonce.used',
  1006: 'sign.wrong',
  1007: 'app.unknown',
  1008: 'session.invalid',
  1010: 'http.method',
  1011: 'http.type',
  1012: 'field.unknown',
  2001: 'biz.json',
  2002: 'biz.missing',
  2003: 'biz.value',
  2004: 'biz.unknown',
  3001: 'order.unknown',
  3003: 'line.unknown',
  3004: 'parcel.mixed',
  3005: 'carrier.unknown',
  3006: 'parcel.unknown',
  4001: 'order.state',
  4002: 'quantity.open',
  4003: 'tracking.used',
  7001: 'flow.limit',
  9001: 'platform.busy',
  9002: 'platform.closed',
})

export type Code = keyof typeof CODES

/** Thrown to answer a call with a code; `data` only where the code has some. */
export class Refusal extends Error {
  readonly code: Code
  readonly data: unknown

  constructor(code: Code, message: string, data: unknown = null) {
    super(message)
    this.code = code
    this.data = data
  }
}
