/** What TOP checks of every call before any business sees it, in the order of its error codes' meaning. */
import { type Params, parseBeijing } from '../marketplace/wire.ts'
import { missing, TopError } from './errors.ts'
import { signatureOf } from './sign.ts'

/** Ten minutes either way [1]. */
const TOLERANCE = 600_000

/** The application that may call. */
export interface App {
  appKey: string
  appSecret: string
}

/**
 * Throws TopError for a call that is not the application's, not now or not in a form that is spoken here. The answer's
 * form must be asked for: the platform's own default is XML [1].
 */
export function checkCall(params: Params, app: App, now: number): void {
  const key = params.get('app_key')
  if (!key) throw new TopError(28, 'Missing app key')
  if (key !== app.appKey) throw new TopError(29, 'Invalid app Key', 'isv.appkey-not-exists')
  const stamp = params.get('timestamp')
  if (!stamp) throw new TopError(30, 'Missing timestamp')
  const at = parseBeijing(stamp)
  if (at === null || Math.abs(at - now) > TOLERANCE)
    throw new TopError(31, 'Invalid timestamp', 'isv.invalid-timestamp', '非法的时间戳参数')
  if (!params.get('v')) throw new TopError(32, 'Missing version')
  if (params.get('v') !== '2.0') throw new TopError(33, 'Invalid version')
  if (params.get('format') !== 'json') throw new TopError(23, 'Invalid format')
  if (!params.get('sign_method')) throw missing('sign_method')
  const sign = params.get('sign')
  if (!sign) throw new TopError(24, 'Missing signature')
  if (sign !== signatureOf(params, app.appSecret)) throw new TopError(25, 'Invalid signature')
}
