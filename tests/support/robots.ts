/**
 * Receivers of alerts for tests: one HTTP server that speaks as a Standard Webhooks receiver and as the group robots of
 * DingTalk, WeCom and Feishu, and verifies what they verify.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const KEYS = {
  webhook: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  token: 'token-7d1f',
  secret: 'SECa91b',
} as const

export type Kind = 'webhook' | 'dingtalk' | 'wecom' | 'feishu'

/** One message that a robot took. */
export interface Taken {
  kind: Kind
  title: string
  /** All of its text. */
  text: string
  /** `webhook-id`. */
  id: string | null
  body: Record<string, unknown>
  at: number
}

export interface Robots {
  url: string
  taken: Taken[]
  /** What a kind answers instead, when set; a number is an HTTP status. `hang`: nothing at all. */
  answer: Partial<Record<Kind, Record<string, unknown> | number | 'hang'>>
  /** Called when a message was verified and before it is answered. */
  onTaken: (taken: Taken) => void
  /** `alerts.channels` with one channel of each kind, named as its kind. */
  channels(): Record<Kind, Record<string, string>>
  of(kind: Kind): Taken[]
  close(): Promise<void>
}

export async function startRobots(): Promise<Robots> {
  const taken: Taken[] = []
  const robots: Omit<Robots, 'url' | 'close' | 'channels'> = {
    taken,
    answer: {},
    onTaken: () => undefined,
    of: (kind) => taken.filter((t) => t.kind === kind),
  }
  const server = createServer(async (request, response) => {
    const kind = new URL(request.url!, 'http://x').pathname.split('/')[1] as Kind
    const raw = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
    const verdict = HEAR[kind](request, raw)
    if ('refused' in verdict) return reply(response, verdict.refused)
    const said = robots.answer[kind]
    if (said !== undefined) return said === 'hang' ? undefined : reply(response, said)
    const message: Taken = { kind, id: null, at: Date.now(), ...verdict.taken }
    taken.push(message)
    robots.onTaken(message)
    return reply(response, OK[kind])
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return Object.assign(robots, {
    url,
    channels: () => channelsAt(url),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  })
}

function channelsAt(url: string): Record<Kind, Record<string, string>> {
  const { token, secret, webhook } = KEYS
  return {
    webhook: { kind: 'webhook', url: `${url}/webhook/hook`, secret: webhook },
    dingtalk: { kind: 'dingtalk', token, secret, base: `${url}/dingtalk/robot/send?access_token=` },
    wecom: { kind: 'wecom', key: token, base: `${url}/wecom/cgi-bin/webhook/send?key=` },
    feishu: { kind: 'feishu', token, secret, base: `${url}/feishu/open-apis/bot/v2/hook/` },
  }
}

const OK: Record<Kind, Record<string, unknown> | number> = {
  webhook: 204,
  dingtalk: { errcode: 0, errmsg: 'ok' },
  wecom: { errcode: 0, errmsg: 'ok' },
  feishu: { code: 0, msg: 'success', data: {}, StatusCode: 0, StatusMessage: 'success' },
}

type Heard =
  | { taken: Pick<Taken, 'title' | 'text' | 'body'> & Partial<Taken> }
  | { refused: Record<string, unknown> | number }

type Hear = (request: IncomingMessage, raw: Buffer) => Heard

const same = (a: string, b: string) =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
const hmac = (key: string | Buffer, text: string | Buffer) =>
  createHmac('sha256', key).update(text).digest('base64')
const query = (request: IncomingMessage) => new URL(request.url!, 'http://x').searchParams

const hearWebhook: Hear = (request, raw) => {
  const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((n) =>
    String(request.headers[`webhook-${n}`]),
  )
  const key = Buffer.from(KEYS.webhook.slice(6), 'base64')
  const expected = `v1,${hmac(key, `${id}.${timestamp}.${raw.toString('utf8')}`)}`
  const fresh = Math.abs(Date.now() / 1000 - Number(timestamp)) < 300
  if (!fresh || !signature!.split(' ').some((s) => same(s, expected))) return { refused: 401 }
  const body = JSON.parse(raw.toString('utf8'))
  const { cause, text } = body.data
  return { taken: { id: id!, title: `${body.type} ${cause}`, text: text.en, body } }
}

const hearDingtalk: Hear = (request, raw) => {
  const given = query(request)
  if (given.get('access_token') !== KEYS.token)
    return { refused: { errcode: 300005, errmsg: 'token is not exist' } }
  const timestamp = given.get('timestamp') ?? ''
  const fresh = Math.abs(Date.now() - Number(timestamp)) < 3_600_000
  if (!fresh || !same(given.get('sign') ?? '', hmac(KEYS.secret, `${timestamp}\n${KEYS.secret}`))) {
    return { refused: { errcode: 310000, errmsg: 'sign not match' } }
  }
  const body = JSON.parse(raw.toString('utf8'))
  if (body.msgtype !== 'markdown' || raw.length > 20_000)
    return { refused: { errcode: 400105, errmsg: 'unsupported' } }
  return { taken: { ...body.markdown, body } }
}

const hearWecom: Hear = (request, raw) => {
  if (query(request).get('key') !== KEYS.token) {
    return {
      refused: { errcode: 93000, errmsg: 'invalid webhook url, hint: [1], more info at https://example' },
    }
  }
  const body = JSON.parse(raw.toString('utf8'))
  const content = String(body.markdown?.content ?? '')
  if (Buffer.byteLength(content) > 4096)
    return { refused: { errcode: 40058, errmsg: 'markdown.content exceed max length 4096' } }
  return { taken: { title: content.split('\n')[0]!, text: content, body } }
}

const hearFeishu: Hear = (request, raw) => {
  const token = new URL(request.url!, 'http://x').pathname.split('/').at(-1)
  if (token !== KEYS.token) {
    return { refused: { code: 19001, data: {}, msg: 'param invalid: incoming webhook access token invalid' } }
  }
  const body = JSON.parse(raw.toString('utf8'))
  const expected = hmac(`${body.timestamp}\n${KEYS.secret}`, '')
  const fresh = Math.abs(Date.now() / 1000 - Number(body.timestamp)) < 3600
  if (!fresh || !same(String(body.sign), expected)) {
    return {
      refused: {
        code: 19021,
        data: {},
        msg: 'sign match fail or timestamp is not within one hour from current time',
      },
    }
  }
  if (raw.length > 20 * 1024) return { refused: { code: 9499, data: {}, msg: 'Bad Request' } }
  const { header, elements } = body.card
  return { taken: { title: header.title.content, text: elements[0].text.content, body } }
}

const HEAR: Record<Kind, Hear> = {
  webhook: hearWebhook,
  dingtalk: hearDingtalk,
  wecom: hearWecom,
  feishu: hearFeishu,
}

function reply(response: ServerResponse, said: Record<string, unknown> | number): void {
  if (typeof said === 'number') response.writeHead(said).end()
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said))
}
