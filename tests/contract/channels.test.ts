/** Every kind of channel against a server that speaks its protocol and verifies what the real one verifies. */
import tls from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  CHANNEL_KINDS,
  type Channel,
  type ChannelKind,
  type ChannelSettings,
  type Notice,
  type Style,
} from '../../src/alerts/channel.ts'
import { signDingtalk } from '../../src/alerts/dingtalk.ts'
import { testNotice } from '../../src/alerts/dispatch.ts'
import { signFeishu } from '../../src/alerts/feishu.ts'
import { openChannel } from '../../src/alerts/open.ts'
import { secretBytes, signWebhook } from '../../src/alerts/webhook.ts'
import { TributaryError } from '../../src/core/errors/error.ts'
import { CERTIFICATE } from '../support/certificate.ts'
import { freePort } from '../support/free-port.ts'
import { KEYS, type Kind, type Robots, startRobots } from '../support/robots.ts'
import { type SmtpServer, startSmtp } from '../support/smtp.ts'

const style: Style = { language: 'zh', zone: 'Asia/Shanghai' }
const signal = () => AbortSignal.timeout(20_000)

const notice = (more: Partial<Notice> = {}): Notice => ({
  id: 'msg_abc_1',
  event: 'opened',
  alert: '7',
  cause: 'parked:erp:PUSH_REJECTED',
  kind: 'parked',
  level: 'red',
  connection: 'erp',
  say: { en: 'parked for erp: 3, for example web/1001', zh: 'erp 有 3 项被搁置，例如 web/1001 🎁' },
  fix: { en: 'look', zh: '请查看' },
  detail: { count: 3, examples: ['web/1001'] },
  openedAt: new Date('2026-03-01T08:05:00Z'),
  lastSeen: new Date('2026-03-01T09:00:00Z'),
  closedAt: null,
  ...more,
})

let robots: Robots
let smtp: SmtpServer
const opened: Channel[] = []
beforeAll(async () => {
  robots = await startRobots()
  smtp = await startSmtp()
})
afterEach(() => {
  for (const channel of opened.splice(0)) channel.close()
  robots.answer = {}
  robots.taken.length = 0
  smtp.mails.length = 0
  smtp.options = {}
})
afterAll(async () => {
  await robots?.close()
  await smtp?.close()
})

function settings(kind: ChannelKind, wrong: 'secret' | 'token' | null = null): ChannelSettings {
  const secret = wrong === 'secret' ? 'another' : KEYS.secret
  const token = wrong === 'token' ? 'another' : KEYS.token
  const { url } = robots
  switch (kind) {
    case 'webhook':
      return { kind, url: `${url}/webhook/hook`, secret: wrong ? `whsec_${'A'.repeat(32)}` : KEYS.webhook }
    case 'dingtalk':
      return { kind, url: `${url}/dingtalk/robot/send?access_token=${token}`, secret }
    case 'wecom':
      return { kind, url: `${url}/wecom/cgi-bin/webhook/send?key=${token}` }
    case 'feishu':
      return { kind, url: `${url}/feishu/open-apis/bot/v2/hook/${token}`, secret }
    case 'mail':
      return mail()
  }
}

const mail = (more: Partial<Extract<ChannelSettings, { kind: 'mail' }>> = {}) => ({
  kind: 'mail' as const,
  host: '127.0.0.1',
  port: smtp.port,
  tls: 'none' as const,
  user: null,
  password: null,
  from: 'Tributary <alerts@example.com>',
  to: ['it@example.com', 'erp@example.com'],
  ...more,
})

function open(given: ChannelSettings): Channel {
  const channel = openChannel('ops', given, style)
  opened.push(channel)
  return channel
}

async function refusal(channel: Channel, notices = [notice()]): Promise<TributaryError> {
  const error = await channel.send(notices, signal()).then(
    () => null,
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(TributaryError)
  const known = error as TributaryError
  // in words, in both languages, without anything that was secret
  for (const text of [known.say('en'), known.say('zh'), known.fix('en'), known.fix('zh')]) {
    expect(text.length).toBeGreaterThan(8)
    expect(text).not.toMatch(/\{\w+\}/)
    for (const secret of [...Object.values(KEYS), 'hunter2']) expect(text).not.toContain(secret)
  }
  return known
}

/** Title and text of everything that arrived. */
const arrived = (kind: ChannelKind): { title: string; text: string }[] =>
  kind === 'mail'
    ? smtp.mails.map((m) => ({ title: m.headers.subject!, text: m.text }))
    : robots.of(kind).map(({ title, text }) => ({ title, text }))

describe.each(CHANNEL_KINDS)('%s', (kind) => {
  const people = kind !== 'webhook'

  it('tells of what opened, still is, and is over', async () => {
    const channel = open(settings(kind))
    await channel.send([notice()], signal())
    await channel.send([notice({ id: 'msg_abc_2', event: 'reminder' })], signal())
    await channel.send(
      [notice({ id: 'msg_abc_3', event: 'closed', closedAt: new Date('2026-03-01T10:00:00Z') })],
      signal(),
    )
    const messages = arrived(kind)
    expect(messages).toHaveLength(3)
    for (const { title, text } of messages) {
      expect(title).toContain('parked:erp:PUSH_REJECTED')
      expect(text).toContain('web/1001')
    }
    if (people) {
      expect(messages.map((m) => /\[(.*?)\]/.exec(m.title)![1])).toEqual(['严重', '严重, 仍未恢复', '已恢复'])
      expect(messages[0]!.text).toContain('🎁')
      expect(messages[0]!.text).toContain('请查看')
    }
  })

  it('says of a test that it is one', async () => {
    await open(settings(kind)).send([testNotice('ops', 'ann')], signal())
    expect(arrived(kind)[0]!.text).toMatch(people ? /测试.*ann/s : /test.*ann/s)
  })

  it('makes one message of several, within what it takes, or none does', async () => {
    const channel = open(settings(kind))
    expect(channel.folds).toBe(people)
    const many = Array.from({ length: 30 }, (_, i) =>
      notice({
        id: `msg_${i}`,
        cause: `parked:erp:CODE_${i}`,
        say: { en: 'x'.repeat(2000), zh: '长'.repeat(600) },
      }),
    )
    await channel.send(people ? many : [many[0]!], signal())
    expect(arrived(kind)).toHaveLength(1)
    if (people) expect(arrived(kind)[0]!.title).toContain('30')
  })

  it('is not reached where nobody listens, and gives up on whoever does not answer', async () => {
    const port = await freePort()
    const away = settings(kind)
    const nobody = kind === 'mail' ? { ...away, port } : { ...away, url: `http://127.0.0.1:${port}/x?y=z` }
    expect(await refusal(open(nobody as ChannelSettings))).toMatchObject({
      code: 'ALERT_UNREACHABLE',
      kind: 'transient',
    })
    if (kind === 'mail') smtp.options = { mute: true }
    else robots.answer = { [kind]: 'hang' }
    const error = await open(settings(kind))
      .send([notice()], AbortSignal.timeout(300))
      .catch((e: TributaryError) => e)
    expect(error).toMatchObject({ code: 'ALERT_UNREACHABLE' })
  })
})

describe('what robots answer', () => {
  const codes: [Kind, Record<string, unknown> | number, string][] = [
    ['webhook', 401, 'ALERT_REFUSED'],
    ['webhook', 410, 'ALERT_GONE'],
    ['webhook', 429, 'ALERT_THROTTLED'],
    ['webhook', 503, 'ALERT_FAILED'],
    ['webhook', 301, 'ALERT_REFUSED'],
    ['dingtalk', { errcode: 130101, errmsg: 'send too fast, exceed 20 times per minute' }, 'ALERT_THROTTLED'],
    ['dingtalk', { status: 1111, wait: 5, punish: 'deny' }, 'ALERT_THROTTLED'],
    ['dingtalk', { errcode: 310000, errmsg: 'keywords not in content' }, 'ALERT_KEYWORD'],
    ['dingtalk', { errcode: 310000, errmsg: 'ip 1.2.3.4 not in whitelist' }, 'ALERT_ADDRESS'],
    ['dingtalk', { errcode: -1, errmsg: '系统繁忙' }, 'ALERT_FAILED'],
    ['dingtalk', { errcode: 400102, errmsg: 'bot is stopped' }, 'ALERT_TOKEN'],
    ['dingtalk', { errcode: 999999, errmsg: 'new' }, 'ALERT_REFUSED'],
    ['dingtalk', 200, 'ALERT_FAILED'],
    ['wecom', { errcode: 45009, errmsg: 'api freq out of limit' }, 'ALERT_THROTTLED'],
    ['wecom', { errcode: -1, errmsg: 'system busy' }, 'ALERT_FAILED'],
    ['wecom', { errcode: 40058, errmsg: 'exceed max length 4096' }, 'ALERT_REFUSED'],
    ['feishu', { code: 11232, msg: 'frequency limited' }, 'ALERT_THROTTLED'],
    ['feishu', { code: 19022, msg: 'Ip Not Allowed' }, 'ALERT_ADDRESS'],
    ['feishu', { code: 19024, msg: 'Key Words Not Found' }, 'ALERT_KEYWORD'],
    ['feishu', { code: 9499, msg: 'Bad Request' }, 'ALERT_REFUSED'],
    ['feishu', { StatusCode: 9499, StatusMessage: 'old answer' }, 'ALERT_REFUSED'],
    ['feishu', 502, 'ALERT_FAILED'],
  ]
  it.each(codes)('%s: %j is %s', async (kind, answer, code) => {
    robots.answer = { [kind]: answer }
    const error = await refusal(open(settings(kind)))
    expect(error.code).toBe(code)
    if (code === 'ALERT_THROTTLED') {
      expect(error.detail.retryAfter).toBe(kind === 'dingtalk' ? 600 : 60)
    }
    expect(robots.taken).toEqual([])
  })

  it.each<[Kind, 'secret' | 'token', string]>([
    ['webhook', 'secret', 'ALERT_REFUSED'],
    ['dingtalk', 'secret', 'ALERT_SIGNATURE'],
    ['dingtalk', 'token', 'ALERT_TOKEN'],
    ['wecom', 'token', 'ALERT_TOKEN'],
    ['feishu', 'secret', 'ALERT_SIGNATURE'],
    ['feishu', 'token', 'ALERT_TOKEN'],
  ])('%s with a wrong %s: %s', async (kind, wrong, code) => {
    expect((await refusal(open(settings(kind, wrong)))).code).toBe(code)
  })

  it('an older answer of Feishu without code counts', async () => {
    robots.answer = { feishu: { StatusCode: 0, StatusMessage: 'success' } }
    await open(settings('feishu')).send([notice()], signal())
  })
})

describe('webhooks', () => {
  it('have the same id each time and a signature over id, time and body', async () => {
    const channel = open(settings('webhook'))
    await channel.send([notice()], signal())
    await channel.send([notice()], signal())
    expect(robots.taken.map((t) => t.id)).toEqual(['msg_abc_1', 'msg_abc_1'])
  })

  it('are signed as the specification shows', () => {
    const key = secretBytes(KEYS.webhook)!
    // examples/ of the Standard Webhooks libraries
    expect(
      signWebhook(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, Buffer.from('{"test": 2432232314}')),
    ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
    expect(secretBytes('whsec_c2hvcnQ=')).toBeNull()
    expect(secretBytes('whsec_not base64 at all, although long enough')).toBeNull()
  })
})

it('robots are signed as computed by other means', () => {
  // Python's hmac, base64
  expect(signDingtalk('SEC0123456789abcdef', 1_700_000_000_000)).toBe(
    'TSZbRFUuvaSQaRKUpF970OPCb2/LcQAP3wOvwZIzBZk=',
  )
  expect(signFeishu('feishu-secret', 1_700_000_000)).toBe('OrBzY1Y01Gq+HgJsl+7OfWcMVwc7YocohQm5iiZwjhU=')
})

describe('mail', () => {
  it('goes to all, in one thread, with the same Message-ID when it is sent again', async () => {
    const channel = open(mail())
    await channel.send([notice()], signal())
    await channel.send([notice()], signal())
    await channel.send([notice({ id: 'msg_abc_2', event: 'closed', closedAt: new Date() })], signal())
    expect(smtp.mails.map((m) => m.to)).toEqual(Array(3).fill(['it@example.com', 'erp@example.com']))
    const [first, second, third] = smtp.mails.map((m) => m.headers)
    expect(first!['message-id']).toBe('<msg_abc_1@example.com>')
    expect(second!['message-id']).toBe(first!['message-id'])
    expect(third!['message-id']).not.toBe(first!['message-id'])
    expect(third!.references).toBe(first!.references)
    expect(first).toMatchObject({
      from: 'Tributary <alerts@example.com>',
      'auto-submitted': 'auto-generated',
    })
  })

  it('logs in, over an encrypted connection that it insists on', async () => {
    smtp.options = { tls: true, user: 'u', password: 'hunter2' }
    const safe = mail({ tls: 'starttls', user: 'u', password: 'hunter2', host: 'localhost' })
    expect((await refusal(open(safe))).code).toBe('ALERT_MAIL_ENCRYPTION')
    const trusted = tls.getCACertificates('default')
    tls.setDefaultCACertificates([...trusted, CERTIFICATE])
    try {
      await open(safe).send([notice()], signal())
      expect(smtp.mails).toMatchObject([{ encrypted: true }])
      expect((await refusal(open({ ...safe, password: 'wrong' }))).code).toBe('ALERT_MAIL_LOGIN')
      // a server (or whoever sits in between) that offers no encryption gets nothing
      smtp.options = { user: 'u', password: 'hunter2' }
      expect((await refusal(open(safe))).code).toBe('ALERT_MAIL_ENCRYPTION')
      expect(smtp.mails).toHaveLength(1)
    } finally {
      tls.setDefaultCACertificates(trusted)
    }
  })

  it('tells what the server refuses for good from what it refuses for now', async () => {
    smtp.options = { refuse: { 'RCPT TO': '550 5.1.1 no such mailbox' } }
    const error = await refusal(open(mail()))
    expect(error).toMatchObject({ code: 'ALERT_REFUSED', kind: 'config' })
    expect(error.say('en')).toContain('550 5.1.1 no such mailbox')
    smtp.options = { refuse: { 'MAIL FROM': '451 4.7.1 greylisted, come again' } }
    expect(await refusal(open(mail()))).toMatchObject({ code: 'ALERT_FAILED', kind: 'transient' })
  })
})
