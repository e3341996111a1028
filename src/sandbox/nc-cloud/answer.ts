/**
 * The envelope of every answer: `success`, `code`, `message`, `data` (facts §2). The texts of refusals by the
 * security filter are those that a real server has answered; their codes, but for the missing permission, are
 * empty there too.
 */

/** A call that is refused; nothing was done. */
export class Refused extends Error {
  readonly code: string

  constructor(message: string, code = '') {
    super(message)
    this.code = code
  }
}

/** An answer that says yes. */
export function success(data: unknown): object {
  return { success: true, code: '1000000000', message: null, data }
}

/** An answer that says no. */
export function refusal({ code, message }: Refused): object {
  return { success: false, code, message, data: null }
}

const of = (message: string) => () => new Refused(message)

/** What the security filter says. */
export const FILTER = Object.freeze({
  contentType: of('invalid_request, Bad request content type. Expecting: application/x-www-form-urlencoded'),
  bizCenter: of('无效的账套编码，请检查'),
  notRegistered: of('Third-party applications are not registered'),
  notAuthorized: of('Third-party applications are not authorized'),
  decryption: of('解密失败Decryption error'),
  tokenSignature: of('Failed to verify signature for get token'),
  callSignature: of('Failed to verify signature for call api'),
  noClient: of('appid参数缺失'),
  noToken: of('token失效，请重新获取token'),
  expired: of('The access_token has expired'),
  permission: (app: string, path: string) =>
    new Refused(`第三方应用【${app}】没有【${path}】的权限`, '1000000010'),
  // from here on the wording is the sandbox's own
  grant: of('unsupported_grant_type'),
  login: of('用户名或密码错误'),
  refresh: of('refresh_token失效，请重新获取token'),
  gateway: of('非法请求: 缺少请求头 ucg_flag=y'),
  jsonType: of('非法请求: content-type 应为 application/json;charset=utf-8'),
  repeat: of('重复请求: 相同的请求已处理'),
})

/** A refusal of the business: missing fields, unknown codes, sums that do not hold. */
export const business = (message: string) => new Refused(message, '1000000001')
