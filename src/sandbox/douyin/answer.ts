/**
 * The envelope of every answer: HTTP 200 with `code` 10000, or another code with `sub_code` and `sub_msg`
 * (facts §7.3). The codes of single APIs are those that public clients of the platform list; where only the
 * meaning is known and the code is a guess, the line says so.
 */

/** A call that is refused; nothing was done. */
export class Refused extends Error {
  readonly code: number
  readonly subCode: string

  constructor(code: number, subCode: string, subMsg: string) {
    super(subMsg)
    this.code = code
    this.subCode = subCode
  }
}

const MESSAGES: Readonly<Record<number, string>> = Object.freeze({
  20000: '系统错误',
  30001: '操作权限不足',
  40001: '缺少必选参数',
  40002: '缺少必选参数',
  40003: '非法的参数',
  40004: '非法的参数',
  50001: '平台处理失败',
  50002: '业务处理失败',
  60000: '触发限流，请稍后重试',
  70000: '接口服务已下线',
})

/** An answer that says yes. */
export function success(data: object, logId: string): object {
  return { code: 10000, msg: 'success', sub_code: '', sub_msg: '', data, log_id: logId }
}

/** An answer that says no. */
export function refusal(why: Refused, logId: string): object {
  const { code, subCode, message } = why
  return { code, msg: MESSAGES[code] ?? '其他错误', sub_code: subCode, sub_msg: message, log_id: logId }
}

const of = (code: number, subCode: string, subMsg: string) => () => new Refused(code, subCode, subMsg)

/** Refusals of the gateway itself, before an API is reached. */
export const GATEWAY = Object.freeze({
  noSign: of(40001, 'isv.signature-missing', '获取签名失败，请根据文档确保参数拼装正确'),
  noApp: of(40001, 'isv.app-id-missing', '认证失败，app_key不存在'),
  wrongApp: of(40003, 'isv.app-id-invalid', '认证失败，app_key格式不正确'),
  noToken: of(40001, 'isv.access-token-missing', '认证失败，access_token不能为空'),
  unknownToken: of(40003, 'isv.access-token-no-existed', 'access_token不存在，请使用最新的access_token访问'),
  expiredToken: of(40003, 'isv.access-token-expired', 'access_token已过期'),
  badParam: of(40003, 'isv.parameter-format-invalid', '业务参数json解析失败'),
  badSign: of(40003, 'isv.signature-invalid', '签名校验失败'),
  oldTimestamp: of(40003, 'isv.timestamp-invalid', '时间戳不合法'),
  badTimestamp: of(40003, 'isv.timestamp-format-error', '时间戳格式错误'),
  noApi: of(70000, 'isp.api-service-off', 'API不存在或API已下线'),
  // the code is known, its sub_code is not
  throttled: of(60000, 'isp.call-limit', '触发限流，请稍后重试'),
})

/** A parameter that an API needs and did not get. */
export const missing = (field: string, sub = '0') =>
  new Refused(40002, `isv.missing-parameter:${sub}`, `${field}不能为空`)

/** A parameter that an API cannot use. */
export const invalid = (sub: string, text: string) => new Refused(40004, `isv.parameter-invalid:${sub}`, text)

/** A rule of the business that a call breaks. */
export const failed = (sub: string, text: string) => new Refused(50002, `isv.business-failed:${sub}`, text)
