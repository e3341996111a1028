/**
 * TOP's refusals. Codes below 100 are the platform's own; 15 with a sub code is the business's, where `isv.` means the
 * caller's fault and `isp.` the platform's [1: the published tables, as several integrations quote them].
 */

/** Thrown inside a call; becomes `error_response`. */
export class TopError extends Error {
  readonly code: number
  readonly subCode: string
  readonly subMsg: string

  constructor(code: number, message: string, subCode = '', subMsg = '') {
    super(message)
    this.code = code
    this.subCode = subCode
    this.subMsg = subMsg
  }

  /** As it is sent; empty parts are left out. */
  body(requestId: string): object {
    return {
      error_response: {
        code: this.code,
        msg: this.message,
        ...(this.subCode ? { sub_code: this.subCode } : {}),
        ...(this.subMsg ? { sub_msg: this.subMsg } : {}),
        request_id: requestId,
      },
    }
  }
}

/** A parameter that must be there is not. */
export const missing = (name: string): TopError =>
  new TopError(40, `Missing required arguments:${name}`, 'isv.missing-parameter', `缺少必选参数:${name}`)

/** A parameter cannot be used. */
export const invalid = (name: string, why: string): TopError =>
  new TopError(41, `Invalid arguments:${name}`, 'isv.invalid-parameter', why)

/** The business refused. */
export const refused = (subCode: string, why: string): TopError =>
  new TopError(15, 'Remote service error', subCode, why)

/** Too many calls [2+]: code 7, in a 200; for how long is said in the sub message. */
export const limited = (): TopError =>
  new TopError(
    7,
    'App Call Limited',
    'accesscontrol.limited-by-api-access-count',
    'This ban will last for 1 more seconds',
  )

/** The session ended or never was. */
export const badSession = (why: 'unknown' | 'expired'): TopError =>
  why === 'expired'
    ? new TopError(27, 'Invalid session', 'session-expired', 'SessionKey已过期')
    : new TopError(27, 'Invalid session', 'invalid-sessionkey', 'SessionKey非法')
