/**
 * A WeCom group robot (企业微信群机器人). The key in the address is all there is; `errcode` 0 counts. 20 messages a
 * minute; a text of 4,096 bytes at most.
 */
import { alertError } from '../core/errors/alert.ts'
import type { TributaryError } from '../core/errors/error.ts'
import { type Caller, createCaller, robotAnswer, said, statusFailure, throttled } from './call.ts'
import type { Channel, ChannelSettings, Style } from './channel.ts'
import { type Message, messageOf } from './message.ts'

export const WECOM = 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key='
const MOST = 3_800
/** The colours that its markdown knows: orange and green. */
const COLOUR = { red: 'warning', yellow: 'warning', green: 'info' }

function bodyOf({ title, lines, tone }: Message): Buffer {
  const content = [`<font color="${COLOUR[tone]}">${title}</font>`, ...lines.map((l) => `> ${l}`)].join('\n')
  return Buffer.from(JSON.stringify({ msgtype: 'markdown', markdown: { content } }))
}

export function openWecom(
  name: string,
  { url }: Extract<ChannelSettings, { kind: 'wecom' }>,
  style: Style,
): Channel {
  const caller = createCaller(name, url)
  return {
    name,
    kind: 'wecom',
    folds: true,
    async send(notices, signal) {
      const answer = await caller.post(bodyOf(messageOf(notices, style, MOST)), {}, '', signal)
      const failure = statusFailure(caller, answer) ?? refusal(caller, robotAnswer(caller, answer))
      if (failure) throw failure
    },
    close: () => caller.close(),
  }
}

function refusal(caller: Caller, { errcode, errmsg }: Record<string, unknown>): TributaryError | null {
  if (errcode === 0) return null
  const { channel, host } = caller
  const reason = said(errcode, errmsg)
  if (errcode === 45009) return throttled(caller, reason)
  if (errcode === -1) return alertError('ALERT_FAILED', { channel, host, reason })
  if (errcode === 93000) return alertError('ALERT_TOKEN', { channel, host, reason })
  return alertError('ALERT_REFUSED', { channel, host, reason })
}
