/**
 * A Feishu or Lark group robot (自定义机器人). The signature goes into the body: it is the HMAC of nothing under the
 * key `timestamp\nsecret`, in seconds. `code` 0 counts (older answers: `StatusCode`). 100 messages a minute and five
 * a second; a body of 20 KB at most.
 */
import { createHmac } from 'node:crypto'
import { alertError } from '../core/errors/alert.ts'
import type { TributaryError } from '../core/errors/error.ts'
import { type Caller, createCaller, robotAnswer, said, statusFailure, throttled } from './call.ts'
import type { Channel, ChannelSettings, Style } from './channel.ts'
import { type Message, messageOf } from './message.ts'

export const FEISHU = 'https://open.feishu.cn/open-apis/bot/v2/hook/'
const MOST = 16_000

/** Base64; `timestamp`: seconds since 1970. */
export function signFeishu(secret: string, timestamp: number): string {
  return createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64')
}

/** A card whose text is plain: nothing in it is taken for markup. */
function cardOf({ title, lines, tone }: Message): object {
  return {
    msg_type: 'interactive',
    card: {
      config: { wide_screen_mode: true },
      header: { title: { tag: 'plain_text', content: title }, template: tone },
      elements: [{ tag: 'div', text: { tag: 'plain_text', content: lines.join('\n') } }],
    },
  }
}

export function openFeishu(
  name: string,
  { url, secret }: Extract<ChannelSettings, { kind: 'feishu' }>,
  style: Style,
): Channel {
  const caller = createCaller(name, url)
  return {
    name,
    kind: 'feishu',
    folds: true,
    async send(notices, signal) {
      const now = Math.floor(Date.now() / 1000)
      const signed = secret ? { timestamp: String(now), sign: signFeishu(secret, now) } : {}
      const body = Buffer.from(JSON.stringify({ ...signed, ...cardOf(messageOf(notices, style, MOST)) }))
      const answer = await caller.post(body, {}, '', signal)
      // a refusal may come with status 400: what the body says is more exact
      const failure = answer.status === 400 ? null : statusFailure(caller, answer)
      const refused = failure ?? refusal(caller, robotAnswer(caller, answer))
      if (refused) throw refused
    },
    close: () => caller.close(),
  }
}

function refusal(caller: Caller, answer: Record<string, unknown>): TributaryError | null {
  const code = answer.code ?? answer.StatusCode
  if (code === 0) return null
  const { channel, host } = caller
  const reason = said(code, answer.msg ?? answer.StatusMessage)
  if (code === 11232 || code === 99991400) return throttled(caller, reason)
  if (code === 19021) return alertError('ALERT_SIGNATURE', { channel, host, reason })
  if (code === 19022) return alertError('ALERT_ADDRESS', { channel, reason })
  if (code === 19024) return alertError('ALERT_KEYWORD', { channel, reason })
  if (code === 19001) return alertError('ALERT_TOKEN', { channel, host, reason })
  return alertError('ALERT_REFUSED', { channel, host, reason })
}
