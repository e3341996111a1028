// Kingdee's WebAPI: log-in by signature or a signature in every call, answers as one envelope (bill queries give bare
// rows), and what joins the rows of a query into documents.
import type { Hooks, HttpAnswer, Outcome, Outgoing, PageRequest, RawRecord, Tools } from 'tributary/hooks'

type Tree = Record<string, unknown>
type Held = { token: string } | null

const SERVICE = '/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.'
const QUERY = `${SERVICE}ExecuteBillQuery.common.kdsvc`
const NOTHING = { data: { FormId: 'BD_Customer', FieldKeys: 'FNumber', Limit: 1 } }
/** Hides the second half of an app's id (official SDK 8.2). */
const MASK = '0054f397c6234378b09ca7d3e5debce7'
/** What our orders are numbered by: the push key. */
const OURS = /^[0-9A-Z]{25}$/
const PAGE = 2000

const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value))
const textsOf = ({ settings }: Tools) => settings as Record<string, string>
const bytes = (body: unknown): Buffer => Buffer.from(JSON.stringify(body))
const now = () => String(Math.floor(Date.now() / 1000))
const base64 = (data: string | Buffer) => Buffer.from(data as string).toString('base64')
const signed = (content: string, key: string, tools: Tools) =>
  base64(tools.hmac('sha256', key, Buffer.from(content), 'hex'))

function login(tools: Tools): Buffer {
  const { acctId, user, appId, appSecret, lcid } = textsOf(tools)
  const at = now()
  const parts = [acctId, user, appId, appSecret, at].sort().join('')
  const sign = tools.crypto.digest('sha256', parts).toString('hex')
  return bytes({ parameters: [acctId, user, appId, at, sign, lcid] })
}

/** An app's id without a second half has no signature of the first kind. */
function signatures(path: string, tools: Tools): Record<string, string> {
  const { base, acctId, user, appId = '', appSecret = '', lcid, org } = textsOf(tools)
  const whole = encodeURIComponent(new URL(base!).pathname.replace(/\/+$/, '') + path)
  const [at, data, [client, part = '']] = [now(), `${acctId},${user},${lcid},${org}`, appId.split('_')]
  const secret = Buffer.from(part, 'base64').map((byte, i) => byte ^ MASK.charCodeAt(i))
  const lines = `POST\n${whole}\n\nx-api-nonce:${at}\nx-api-timestamp:${at}\n`
  const key = part.length === 32 ? base64(Buffer.from(secret)) : ''
  const times = { 'x-api-timestamp': at, 'x-api-nonce': at, 'X-Api-Auth-Version': '2.0' }
  const names = { 'X-Api-ClientID': client!, 'x-api-signheaders': 'x-api-timestamp,x-api-nonce' }
  const api = { ...times, ...names, 'X-Api-Signature': signed(lines, key, tools) }
  const kd = { 'X-Kd-Appdata': base64(data), 'X-Kd-Signature': signed(appId + data, appSecret, tools) }
  return { ...(part ? api : {}), ...kd, 'X-Kd-Appkey': appId }
}

/** With signed headers nobody logs in: a query of nothing in its place shows that the signature is taken. */
function encode(request: Outgoing, held: Held, tools: Tools): Outgoing {
  const byHeaders = tools.settings.auth === 'headers'
  if (!held && !byHeaders) return { ...request, body: login(tools) }
  const asked = held ? request : { ...request, path: QUERY, body: bytes(NOTHING) }
  const own = byHeaders ? signatures(asked.path, tools) : { 'kdservice-sessionid': held!.token }
  return { ...asked, headers: { ...asked.headers, ...own } }
}

function envelope(more: Tree, Message?: string): Buffer {
  const failed = { IsSuccess: false, MsgCode: 'login', Errors: [{ Message }] }
  return bytes({ Result: { ResponseStatus: Message === undefined ? { IsSuccess: true } : failed }, ...more })
}

/** Times lose their fractions, which our clock does not write. */
const cell = (v: unknown) => (/^[\d-]{10}T[\d:]{8}\.\d+$/.test(text(v)) ? text(v).slice(0, 19) : v)
const named = (row: unknown[]) => Object.fromEntries(row.map((value, i) => [`c${i}`, cell(value)]))

/** Everything as an envelope with rows, their columns named c0, c1, … (id and number of what was saved). */
function decode(answer: HttpAnswer, held: Held, tools: Tools): HttpAnswer {
  const value = tools.json(answer.body) as Tree | unknown[]
  const { Result, LoginResultType: login, KDSVCSessionId, Message } = value as Tree & { Result?: Tree }
  const rows = Array.isArray(value) ? value : Result?.Result
  const failure = (rows as Tree[][] | undefined)?.[0]?.[0]
  const failed = login === 1 || login === -5 ? undefined : text(Message)
  const session = { KDSVCSessionId, expires: 1200 }
  if (!held && login !== undefined) return { ...answer, body: envelope(session, failed) }
  if (failure?.Result) return { ...answer, body: bytes(failure) }
  const signed = held ? {} : { KDSVCSessionId: 'headers', expires: 86400 }
  if (Array.isArray(rows) && rows.every(Array.isArray))
    return { ...answer, body: envelope({ rows: rows.map(named), ...signed }) }
  if (!Result?.ResponseStatus) throw new SyntaxError('no envelope')
  const saved = Result.Id && !('rows' in value) ? { rows: [{ c0: Result.Id, c1: Result.Number }] } : {}
  return { ...answer, body: bytes({ ...value, ...saved }) }
}

async function query(data: Tree, tools: Tools, signal: AbortSignal): Promise<Tree[]> {
  return ((await tools.call({ post: QUERY, json: { data } }, {}, signal)) as { rows: Tree[] }).rows
}

const rowOf = (one: RawRecord, tools: Tools) => tools.json(one.body) as Tree
const ours = (all: RawRecord[], column: string, tools: Tools) =>
  all.filter((one) => OURS.test(text(rowOf(one, tools)[column])))

/** A stock-out is a parcel; where it is for several of our orders, one for each. Rows of others are left out. */
function parcels(records: RawRecord[], tools: Tools): RawRecord[] {
  return [...Map.groupBy(ours(records, 'c9', tools), (one) => one.id)].flatMap(([out, own]) => {
    const orders = [...Map.groupBy(own, (one) => text(rowOf(one, tools).c9))]
    return orders.map(([order, part]) => {
      const [id, rows] = [orders.length === 1 ? out : `${out}:${order}`, part.map((one) => rowOf(one, tools))]
      return { ...part[0]!, id, body: bytes({ ...rows[0], id, rows }) }
    })
  })
}

/** Rows of one stock and material together; what the end of a page may have cut is read with the next. */
async function inventory({ resume, until }: PageRequest, tools: Tools, signal: AbortSignal) {
  const order = 'FStockId.FNumber,FMaterialId.FNumber'
  const data = { FormId: 'STK_Inventory', FieldKeys: `${order},FBaseQty`, OrderString: order, Limit: PAGE }
  const rows = await query({ ...data, StartRow: Number(resume ?? 0) }, tools, signal)
  const groups = [...Map.groupBy(rows, ({ c0, c1 }) => `${c0}:${c1}`)]
  const cut = rows.length === PAGE && groups.length > 1 ? groups.pop()![1].length : 0
  const records = groups.map(([id, own]) => {
    const body = bytes({ id, at: until.toISOString(), rows: own })
    return { id, body, contentType: 'application/json', shape: 'inventory' }
  })
  return { records, next: rows.length < PAGE ? null : Number(resume ?? 0) + PAGE - cut }
}

/** Takes the approval back and deletes; what is gone is as good as deleted. Any failure without an answer leaves doubt. */
async function cancel(body: Buffer, tools: Tools, signal: AbortSignal): Promise<Outcome> {
  const { order } = tools.json(body) as { order: string }
  const [FormId, FieldKeys] = ['SAL_SaleOrder', 'FID,FDocumentStatus']
  try {
    const found = await query({ FormId, FieldKeys, FilterString: `FBillNo='${order}'` }, tools, signal)
    for (const { c0, c1 } of found) {
      for (const step of c1 === 'C' ? ['UnAudit', 'Delete'] : ['Delete']) {
        const json = { FormId, Data: { Ids: text(c0) } }
        await tools.call({ post: `${SERVICE}${step}.common.kdsvc`, json }, {}, signal)
      }
    }
    return { kind: 'done', remote: { id: text(found[0]?.c0) || order, state: 'final' } }
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string }
    if (code === 'CONNECTOR_ANSWER_REFUSED') return { kind: 'refused', code, message }
    if (code === 'CONNECTOR_DENIED') return { kind: 'not-done', code, message, pause: true }
    return code === 'CONNECTOR_THROTTLED' ? { kind: 'not-done', code, message } : tools.failed(error)
  }
}

export default {
  http: { encode, decode },
  read: {
    shipment: { refine: async (records, _request, tools) => parcels(records, tools) },
    stock: { page: inventory },
    status: { refine: async (all, _request, tools) => ours(all, 'c2', tools) },
  },
  write: {
    cancellation: { write: (items, ...rest) => Promise.all(items.map((i) => cancel(i.body, ...rest))) },
  },
} satisfies Hooks
