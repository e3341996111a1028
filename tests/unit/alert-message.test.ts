import { describe, expect, it } from 'vitest'
import type { Notice, Style } from '../../src/alerts/channel.ts'
import { messageOf, plain } from '../../src/alerts/message.ts'
import { webhookBody } from '../../src/alerts/webhook.ts'

const zh: Style = { language: 'zh', zone: 'Asia/Shanghai' }
const en: Style = { language: 'en', zone: 'Europe/Berlin' }

const notice = (more: Partial<Notice> = {}): Notice => ({
  id: 'msg_1',
  event: 'opened',
  alert: '7',
  cause: 'silence:web/order',
  kind: 'silence',
  level: 'red',
  connection: 'web',
  say: { en: 'nothing has come', zh: '没有任何记录' },
  fix: { en: 'look at the shop', zh: '请检查店铺' },
  detail: { minutes: 90 },
  openedAt: new Date('2026-03-01T08:05:00Z'),
  lastSeen: new Date('2026-03-01T09:00:00Z'),
  closedAt: null,
  ...more,
})

describe('messages', () => {
  it('say what, since when, what to do and how to be left alone, on the clock of the company', () => {
    expect(messageOf([notice()], en, 4000)).toEqual({
      title: 'Tributary [red] silence:web/order',
      lines: [
        'nothing has come',
        'since 2026-03-01 09:05',
        'look at the shop',
        'Be silent about it: tributary alerts mute silence:web/order --for 4h',
      ],
      tone: 'red',
    })
    expect(messageOf([notice({ event: 'reminder', level: 'yellow' })], zh, 4000)).toMatchObject({
      title: 'Tributary [注意, 仍未恢复] silence:web/order',
      lines: ['没有任何记录', '自 2026-03-01 16:05 起', '请检查店铺', expect.stringContaining('alerts mute')],
      tone: 'yellow',
    })
  })

  it('say that it is over, and from when to when it was', () => {
    const closed = notice({ event: 'closed', closedAt: new Date('2026-03-01T10:00:00Z') })
    expect(messageOf([closed], zh, 4000)).toEqual({
      title: 'Tributary [已恢复] silence:web/order',
      lines: ['没有任何记录', '2026-03-01 16:05 至 2026-03-01 18:00'],
      tone: 'green',
    })
  })

  it('become one when several are due, the worst first', () => {
    const several = [
      notice({ cause: 'clock', event: 'closed', closedAt: new Date('2026-03-01T10:00:00Z') }),
      notice({ cause: 'doubt:erp', level: 'yellow', say: { en: 'doubt', zh: '' } }),
      notice(),
    ]
    const { title, lines, tone } = messageOf(several, en, 4000)
    expect([title, tone]).toEqual(['Tributary: 3 messages', 'red'])
    expect(lines.map((l) => l.slice(0, 8))).toEqual(['[red] no', '[yellow]', '[over] n'])
  })

  it('stay within the bytes of the channel and count what they leave out', () => {
    const many = Array.from({ length: 60 }, (_, i) => notice({ cause: `silence:店铺${i}/order` }))
    for (const most of [600, 3800]) {
      const { title, lines } = messageOf(many, zh, most)
      expect(Buffer.byteLength([title, ...lines].join('\n'))).toBeLessThanOrEqual(most)
      const left = Number(/另有 (\d+) 条/.exec(lines.at(-1)!)![1])
      expect(left).toBe(60 - (lines.length - 1))
    }
    const long = notice({ say: { en: 'x'.repeat(9000), zh: '' } })
    expect(messageOf([long], en, 3800).lines[0]!.length).toBe(600)
  })

  it('hold nothing that a chat would take for markup', () => {
    expect(plain('a\n<font color="red">b</font> **c** [d](http://e) `f`')).toBe(
      'a ‹font color="red"›b‹/font› ∗∗c∗∗ (d)(http://e) \'f\'',
    )
  })

  it('are told to programs with both languages and every figure', () => {
    const body = JSON.parse(String(webhookBody(notice(), new Date('2026-03-01T09:00:01Z'))))
    expect(body).toEqual({
      type: 'alert.opened',
      timestamp: '2026-03-01T09:00:01.000Z',
      data: {
        id: '7',
        cause: 'silence:web/order',
        kind: 'silence',
        level: 'red',
        connection: 'web',
        text: { en: 'nothing has come', zh: '没有任何记录' },
        fix: { en: 'look at the shop', zh: '请检查店铺' },
        detail: { minutes: 90 },
        openedAt: '2026-03-01T08:05:00.000Z',
        lastSeen: '2026-03-01T09:00:00.000Z',
        closedAt: null,
      },
    })
  })
})
