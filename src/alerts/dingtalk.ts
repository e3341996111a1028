/**
 * A DingTalk group robot (自定义机器人). The signature goes into the address, not into the body; failures come as
 * HTTP 200, so only `errcode` 0 counts. 20 messages a minute, then ten minutes of silence; 20,000 bytes at most.
 */
import { createHmac } from 'node:crypto'
import { alertError } from '../core/errors/alert.ts'
import type { TributaryError } from '../core/errors/error.ts'
import { type Caller, createCaller, robotAnswer, said, statusFailure, throttled } from './call.ts'
import type { Channel, ChannelSettings, Style } from './channel.ts'
import { type Message, messageOf } from './message.ts'

export const DINGTALK = 'https://oapi.dingtalk.com/robot/send?access_token='
const MOST = 16_000
/** Seconds for which a robot that sent too fast is not listened to. */
const THROTTLED_FOR = 600

/** Base64 of HMAC-SHA256(secret, `timestamp\nsecret`); `timestamp` in milliseconds. To be encoded for the address. */
export function signDingtalk(secret: string, timestamp: number): string {
  return createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64')
}

function bodyOf({ title, lines }: Message): Buffer {
  const text = [`### ${title}`, ...lines].join('\n\n')
  return Buffer.from(JSON.stringify({ msgtype: 'markdown', markdown: { title, text } }))
}

export function openDingtalk(
  name: string,
  { url, secret }: Extract<ChannelSettings, { kind: 'dingtalk' }>,
  style: Style,
): Channel {
  const caller = createCaller(name, url)
  return {
    name,
    kind: 'dingtalk',
    folds: true,
    async send(notices, signal) {
      const now = Date.now()
      const signed = secret ? `&timestamp=${now}&sign=${encodeURIComponent(signDingtalk(secret, now))}` : ''
      const answer = await caller.post(bodyOf(messageOf(notices, style, MOST)), {}, signed, signal)
      const failure = statusFailure(caller, answer) ?? refusal(caller, robotAnswer(caller, answer))
      if (failure) throw failure
    },
    close: () => caller.close(),
  }
}

/** One code stands for three refusals, so the words are looked at too. */
function refusal(caller: Caller, answer: Record<string, unknown>): TributaryError | null {
  const { errcode, errmsg, punish } = answer
  if (errcode === 0) return null
  const { channel, host } = caller
  const reason = said(errcode, errmsg)
  const words = String(errmsg ?? '').toLowerCase()
  if (punish !== undefined || errcode === 130101 || errcode === 410100 || words.includes('too fast')) {
    return throttled(caller, reason, THROTTLED_FOR)
  }
  if (errcode === -1) return alertError('ALERT_FAILED', { channel, host, reason })
  if (errcode === 310000) {
    if (/keyword|关键词/.test(words)) return alertError('ALERT_KEYWORD', { channel, reason })
    if (/whitelist|白名单|\bip\b/.test(words)) return alertError('ALERT_ADDRESS', { channel, reason })
    return alertError('ALERT_SIGNATURE', { channel, host, reason })
  }
  const gone = [300001, 300005, 400013, 400101, 400102, 400106, 40035]
  if (gone.includes(Number(errcode))) return alertError('ALERT_TOKEN', { channel, host, reason })
  return alertError('ALERT_REFUSED', { channel, host, reason })
}
