/** Pinduoduo's refusals; codes and texts are the published table of every method [1]. */

/** Thrown inside a call; becomes `error_response`. */
export class PddError extends Error {
  readonly code: number
  readonly subMsg: string

  constructor(code: number, message: string, subMsg = message) {
    super(message)
    this.code = code
    this.subMsg = subMsg
  }

  /** As it is sent; the sub code is null unless the business gives one. */
  body(requestId: string): object {
    return {
      error_response: {
        error_msg: this.message,
        sub_msg: this.subMsg,
        sub_code: null,
        error_code: this.code,
        request_id: requestId,
      },
    }
  }
}

/** A common parameter is missing or cannot be used. */
export const badCommon = (name: string): PddError => new PddError(10001, `公共参数错误:${name}`, '')

/** A parameter of the method is missing. */
export const missing = (name: string): PddError => new PddError(21002, '请求参数不能为空', `${name}不能为空`)

/** A parameter of the method cannot be used. */
export const invalid = (why: string): PddError => new PddError(21001, '请求参数错误', why)

/** The business refused. */
export const refused = (why: string): PddError => new PddError(50001, '业务服务错误', why)

export const badSign = (): PddError => new PddError(20004, '签名sign校验失败')
export const limited = (): PddError => new PddError(70031, '调用过于频繁，请调整调用频率')
export const timedOut = (): PddError => new PddError(52002, '网关系统内部异常')

/** The access token ended or never was. */
export const badToken = (why: 'unknown' | 'expired'): PddError =>
  why === 'expired'
    ? new PddError(10019, 'access_token已过期')
    : new PddError(20032, 'access_token或client_id错误')
