/**
 * NC Cloud's OpenAPI: signatures salted from the app's public key, bodies sealed at the app's level with the key that
 * came with the token, and what joins a stock-out with our order.
 */
import type { Hooks, HttpAnswer, Outcome, Outgoing, RawRecord, Tools, WriteItem } from 'tributary/hooks'

type Tree = Record<string, unknown>
type Held = { token: string; extra?: Record<string, string> } | null

/** What a body goes through, one letter a step, answers the other way round; every step gives text: Base64. */
const STEPS: Record<string, string> = { L0: '', L1: 'a', L2: 'z', L3: 'za', L4: 'az' }
const [ORDERS, DELETE] = ['/nccloud/api/so/saleorder/query', '/nccloud/api/so/saleorder/delete'] as const

const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value))
const list = (value: unknown): Tree[] => (Array.isArray(value) ? (value as Tree[]) : [])
const settingsOf = (tools: Tools) => tools.settings as Record<string, string | undefined>
/** The salt is what Java's SHA1PRNG gives first when it is seeded with the text of the public key. */
function signature(parts: string[], salted: boolean, tools: Tools): string {
  const { publicKey = '' } = settingsOf(tools)
  const { digest } = tools.crypto
  const salt = salted ? digest('sha1', digest('sha1', publicKey)).subarray(0, 16).toString('base64') : ''
  return digest('sha256', [...parts, publicKey, salt].join('')).toString('hex')
}

/** A request for a token: everything in the query, secrets under the public key, nothing in the body. */
function tokenRequest(request: Outgoing, tools: Tools): Outgoing {
  const { publicKey = '', clientId = '', clientSecret = '', username = '', password = '' } = settingsOf(tools)
  const [path, given] = request.path.split('?')
  const query = new URLSearchParams(given)
  const padding = tools.settings.padding === 'pkcs1' ? 'pkcs1' : 'oaep-sha256'
  const seal = (secret: string) => tools.crypto.rsa(secret, publicKey, padding, 117).toString('base64')
  const parts = [clientId, clientSecret]
  query.set('client_secret', seal(clientSecret))
  if (query.get('grant_type') === 'refresh_token') parts.push(text(query.get('refresh_token')))
  if (query.get('grant_type') === 'password') {
    query.set('username', username)
    query.set('password', seal(password))
    parts.push(username, password)
  }
  query.set('signature', signature(parts, tools.settings.salt !== 'none', tools))
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
  return { method: 'POST', path: `${path}?${query}`, headers, body: '' }
}

/** AES/CTR; the counter is the beginning of the key's own Base64 text. */
function cipher(data: Buffer, held: Held, { crypto }: Tools): Buffer {
  const key = held?.extra?.securityKey ?? ''
  return crypto.aesCtr(data, Buffer.from(key, 'base64'), Buffer.from(key.slice(0, 16), 'latin1'))
}

const stepsOf = (held: Held): string[] => [...(STEPS[held?.extra?.level ?? 'L0'] ?? '')]
function encode(request: Outgoing, held: Held, tools: Tools): Outgoing {
  if (!held) return tokenRequest(request, tools)
  const plain = text(request.body)
  let body = plain
  for (const step of stepsOf(held)) {
    const now = Buffer.from(body)
    body = (step === 'a' ? cipher(now, held, tools) : tools.crypto.gzip(now)).toString('base64')
  }
  const { clientId = '', salt } = settingsOf(tools)
  const signed = { signature: signature([clientId, plain], salt === 'both', tools) }
  const headers = { ...request.headers, ...signed, 'Content-Type': 'application/json;charset=utf-8' }
  const own = (tools.settings.paths as Record<string, string>)[request.path.replace('/nccloud/api/', '')]
  return { ...request, path: own ? `/nccloud/api/${own}` : request.path, headers, body }
}

/** What the security filter refuses is plain at every level. Throws for what is no envelope: it proves nothing. */
function decode(answer: HttpAnswer, held: Held, tools: Tools): HttpAnswer {
  let body = answer.body.toString('utf8').trim()
  for (const step of body.startsWith('{') ? [] : stepsOf(held).toReversed()) {
    const now = Buffer.from(body, 'base64')
    body = (step === 'a' ? cipher(now, held, tools) : tools.crypto.gunzip(now)).toString('utf8')
  }
  if (typeof (tools.json(body) as Tree | null)?.success !== 'boolean') throw new SyntaxError('no envelope')
  return { ...answer, body: Buffer.from(body) }
}
/** The heads of NC's orders that meet a condition: at most 500, one page. */
async function heads(condition: Tree, tools: Tools, signal: AbortSignal): Promise<Tree[]> {
  const json = { ...condition, pageIndex: 1, pageSize: 500 }
  const { data } = (await tools.call({ post: ORDERS, json }, {}, signal)) as { data?: Tree }
  if (!Array.isArray(data?.datas)) tools.broken('the answer holds no list of orders')
  return list(data?.datas).map((one) => one.so_saleorder as Tree)
}

const tree = (one: RawRecord, tools: Tools) => tools.json(one.body) as Tree
const bytes = (body: Tree): Buffer => Buffer.from(JSON.stringify(body))

/** A parcel for each of our orders that a stock-out is for, with the order's key; rows of others are left out. */
async function withKeys(records: RawRecord[], tools: Tools, signal: AbortSignal): Promise<RawRecord[]> {
  const outs = records.map((one) => ({ one, body: tree(one, tools) }))
  const sources = outs.flatMap(({ body }) => list(body.ic_saleout_b).map((row) => text(row.csourcebillhid)))
  const csaleorderid = [...new Set(sources)].filter((pk) => pk !== '')
  const found = csaleorderid.length > 0 ? await heads({ csaleorderid }, tools, signal) : []
  const keys = new Map(found.map((head) => [text(head.csaleorderid), text(head.vdef20)]))
  return outs.flatMap(({ one, body }) => {
    const byKey = Map.groupBy(list(body.ic_saleout_b), (row) => keys.get(text(row.csourcebillhid)) ?? '')
    byKey.delete('')
    return [...byKey].map(([order, ic_saleout_b]) => {
      const id = `${one.id}:${order}`
      return { ...one, id, body: bytes({ ...body, ic_saleout_b, order, parcel: id }) }
    })
  })
}

/** What failures of a call that did nothing mean for a cancellation; any other leaves doubt, and it is done again. */
const MEANS: Record<string, object> = {
  CONNECTOR_THROTTLED: { kind: 'not-done' },
  CONNECTOR_DENIED: { kind: 'not-done', pause: true },
  CONNECTOR_ANSWER_REFUSED: { kind: 'refused' },
}

/** Deletes the order that holds the key, if it is there and free; what is gone is as good as deleted. */
async function cancel(item: WriteItem, tools: Tools, signal: AbortSignal): Promise<Outcome> {
  const { order } = tools.json(item.body) as { order: string }
  try {
    const mine = (await heads({ vdef20: order }, tools, signal)).filter((head) => head.vdef20 === order)
    if (mine.some((head) => text(head.fstatusflag) !== '1'))
      return { kind: 'refused', code: 'NOT_FREE', message: 'the order is not free any more' }
    const csaleorderid = mine.map((head) => text(head.csaleorderid))
    if (mine.length > 0) await tools.call({ post: DELETE, json: { csaleorderid } }, {}, signal)
    return { kind: 'done', remote: { id: csaleorderid[0] ?? order, state: 'final' } }
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string }
    return MEANS[code] ? ({ ...MEANS[code], code, message } as Outcome) : tools.failed(error)
  }
}

export default {
  http: { encode, decode },
  read: {
    shipment: { refine: (records, _request, tools, signal) => withKeys(records, tools, signal) },
    status: {
      refine: async (records, _request, tools) =>
        records.filter((one) => text((tree(one, tools).so_saleorder as Tree).vdef20) !== ''),
    },
    stock: {
      // NC states no clock of stock: each poll is a snapshot
      refine: async (records, request, tools) =>
        records.map((one) => {
          const body = { ...tree(one, tools), at: request?.until.toISOString() } as Tree
          return { ...one, id: `${text(body.cwarehouseid)}:${text(body.cmaterialvid)}`, body: bytes(body) }
        }),
    },
  },
  write: {
    cancellation: {
      write: (items, tools, signal) => Promise.all(items.map((i) => cancel(i, tools, signal))),
    },
  },
} satisfies Hooks
