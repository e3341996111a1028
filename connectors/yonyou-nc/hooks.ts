// NC's exchange platform: up to 20 bills in one `ufinterface` document, made anew for every request round the frozen ones.
import type { Hooks, HttpAnswer, Outcome, Tools, WriteHooks, WriteItem } from 'tributary/hooks'

type Failed = Exclude<Outcome, { kind: 'done' }>
type Tree = Record<string, unknown>
type Result = { id: string; code: string; text: string; content: string }
type Texts = Record<string, string>
type Call = { tools: Tools; signal: AbortSignal }

/** Bill types by kind of document, of NC 6.x and of 5.x; the element of one bill, which in 6.x is always `bill`. */
const TYPES: Texts = { order: '30 30', return: '30 30', receipt: 'F2 D2', refund: 'F0 D0' }
const TAGS: Texts = { 30: 'so_order', D2: 'voucher', D0: 'voucher' }

const isFive = (tools: Tools) => tools.settings.release === '5'
const typeOf = (kind: string, tools: Tools) => TYPES[kind]!.split(' ')[isFive(tools) ? 1 : 0]!
const tagOf = (type: string, tools: Tools) => (isFive(tools) && TAGS[type]) || 'bill'
const list = (v: unknown): Tree[] => (Array.isArray(v) ? v : v ? [v as Tree] : [])
const textOf = (v: unknown): string => (typeof v === 'string' ? v.trim() : '')
const unknown = (code: string, message: string): Failed => ({ kind: 'unknown', code, message })

/** Settings or registration in NC are wrong; a person must act. */
const ADMIN = /^(20000|2100[12]|2110[1-5]|2200[012]|3110[0-3]|3111\d|31203)$/
const REFUSED = /^(21106|2202[12]|22030|22100|3100[123567]|3120[0124567]|3200[0-3]|99999)$/

function post(bills: string, type: string, { tools, signal }: Call): Promise<HttpAnswer> {
  const { account = '', group = '', receiver = '', sender = '', charset = '' } = tools.settings as Texts
  const common = { billtype: type, filename: '', isexchange: 'Y', replace: 'N', sender }
  const company = { operation: 'req', proc: 'add', receiver, roottag: tagOf(type, tools) }
  const root = { ...common, ...(isFive(tools) ? company : { account, groupcode: group, roottag: '' }) }
  const attributes = Object.entries(root).map(([k, v]) => ` ${k}="${tools.xml.escape(v)}"`)
  const text = `<?xml version="1.0" encoding="${charset}"?>\n<ufinterface${attributes.join('')}>${bills}</ufinterface>`
  const query = new URLSearchParams(isFive(tools) ? { account, receiver } : { account, groupcode: group })
  const headers = { 'Content-Type': `text/xml; charset=${charset}` }
  const [path, body] = [`/service/XChangeServlet?${query}`, tools.xml.encode(text, charset)]
  return tools.http({ method: 'POST', path, headers, body, signal })
}

/** The results of an answer, or what an answer without any proves. Throws for what is not XML. */
function read(answer: HttpAnswer, tools: Tools): { results: Result[]; successful: string } | Failed {
  const failed = tools.outcome(answer)
  if (failed ?? answer.body.length === 0) return failed ?? unknown('EMPTY', 'NC answered nothing')
  const root = tools.xml.parse(answer.body, answer.headers['content-type']).ufinterface as Tree | undefined
  const results = list(root?.sendresult).map((r) => {
    const text = textOf(r.resultdescription).slice(0, 2000)
    return { id: textOf(r.bdocid), code: textOf(r.resultcode), text, content: textOf(r.content) }
  })
  const successful = textOf(root?.['@successful'])
  return results.length > 0 ? { results, successful } : unknown('NO_RESULT', 'it holds no sendresult')
}

/** What a refusal proves; what is not listed (-10000…, -40000 too) leaves doubt. Some systems drop the sign. */
function classify({ id, code, text }: Result, tools: Tools): Failed {
  const number = code.replace(/^-/, '')
  const said = { code: `-${number}`, message: text }
  const plugin = number === '32000' ? (tools.settings.duplicateTexts as string[]) : []
  const known = number === '31000' || plugin.some((t) => t !== '' && text.includes(t))
  if (known) return { kind: 'refused', duplicate: true, ...said }
  if (number === '31004') return { kind: 'not-done', ...said }
  // -31201 also means a bad record; without a bill id it is about the address of the caller.
  if (ADMIN.test(number) || (number === '31201' && id === ''))
    return { kind: 'not-done', pause: true, ...said }
  return { kind: REFUSED.test(number) ? 'refused' : 'unknown', ...said }
}

function outcomeOf(item: WriteItem, results: Result[], successful: string, tools: Tools): Outcome {
  const [result, other] = results.filter((r) => r.id === item.key)
  if (!result || other) return unknown('NOT_NAMED', 'the answer does not name this bill once')
  if (result.code !== '1') return classify(result, tools)
  if (successful === 'N' && results.every((r) => r.code === '1'))
    return unknown('CONTRADICTION', 'every bill is processed, but the document is not')
  // Big-file mode: NC only says that it stored the document; it posts the bill to us once it is imported.
  if (tools.settings.bigFile) return { kind: 'done', remote: { id: null, state: 'final' }, accepted: true }
  return { kind: 'done', remote: { id: result.content || null, state: 'final' } }
}

async function write(kind: string, items: WriteItem[], call: Call): Promise<Outcome[]> {
  const all = (outcome: Outcome) => items.map(() => outcome)
  let outcome: Failed
  try {
    const bills = items.map((i) => i.body).join('')
    const answer = read(await post(bills, typeOf(kind, call.tools), call), call.tools)
    if ('kind' in answer) return all(answer)
    const whole = answer.results.find((r, _, { length }) => length === 1 && r.id === '' && r.code !== '1')
    if (!whole) return items.map((i) => outcomeOf(i, answer.results, answer.successful, call.tools))
    outcome = classify(whole, call.tools)
  } catch (error) {
    return all(call.tools.failed(error))
  }
  // Refused before any bill was looked at (too large, malformed): it must not take its neighbours along.
  if (outcome.kind !== 'refused' || items.length === 1) return all(outcome)
  const half = Math.ceil(items.length / 2)
  const first = await write(kind, items.slice(0, half), call)
  return [...first, ...(await write(kind, items.slice(half), call))]
}

const ADVICE: Texts = {
  '31103': 'NC knows us: it refuses an unknown bill type, as it should',
  '31102': 'NC does not know the setting "sender": register it as an external system of this account',
  '31201': 'NC does not allow this machine\'s address: add it to the external system "sender" in NC',
  '20000': 'the exchange platform of NC is not configured',
  '31005': 'NC does not accept the settings account and group (receiver): compare them with NC',
}

const writing = (kind: string): WriteHooks => ({
  async render(document, context, tools) {
    const name = `${kind}${isFive(tools) ? '-nc5' : ''}.out`
    const { value, version: mappingVersion } = await tools.map(name, document, context)
    const [head, beside] = Object.values(value as Tree).filter((v) => typeof v === 'object') as Tree[]
    const total = head!.ntotalorigmny ?? head!.money ?? head!.nheadsummny ?? head!.original_sum
    const rows = (head!.so_saleorder_b ?? head!.bodys ?? beside) as Tree
    const check = { number: null, total: String(total), lines: list(rows.item ?? rows.entry).length }
    const body = Buffer.from(tools.xml.element(tagOf(typeOf(kind, tools), tools), value))
    return { body, contentType: 'text/xml; charset=UTF-8', mappingVersion, check }
  },
  write: (items, tools, signal) => write(kind, items, { tools, signal }),
})

export default {
  write: Object.fromEntries(Object.keys(TYPES).map((kind) => [kind, writing(kind)])),
  webhooks: {
    outbound: {
      read(headers, body, tools) {
        const contentType = String(headers['content-type'] ?? '').replace(/^[^;]*/, 'text/xml')
        const root = (tools.xml.parse(body, contentType).ufinterface ?? {}) as Tree
        const tag = ['bill', 'so_order', 'voucher', 'ic_bill'].find((name) => root[name]) ?? 'bill'
        const type = textOf(root['@billtype'])
        const stream = /^(30|[FD][02]|)$/.test(type)
          ? 'bill'
          : /^(4C|4331|IC)$/.test(type)
            ? 'shipment'
            : null
        const bills = list(root[tag])
        if (bills.length === 0 || !stream) throw new SyntaxError('no bill of a type that is read here')
        const one = (bill: Tree) => Buffer.from(tools.xml.element('ufinterface', { [tag]: bill }))
        const bytes = bills.length === 1 ? () => body : one
        const of = (bill: Tree) => ({ id: textOf(bill['@id']) || null, body: bytes(bill) })
        const records = bills.map((bill) => ({ contentType, shape: stream, ...of(bill) }))
        return { stream, deliveryId: null, records, fetch: [] }
      },
    },
  },
  async check(tools, signal) {
    const asked = await post('<bill id="check"><billhead/></bill>', 'tributary-check', { tools, signal })
    const answer = read(asked, tools)
    if ('kind' in answer) return { ok: false, say: `${answer.message} (${answer.code})` }
    const { code, text } = answer.results[0]!
    const say = ADVICE[code.replace(/^-/, '')] ?? `NC answered "${text.slice(0, 200)}"`
    return { ok: /^-?31103$/.test(code), say: `${say} (${code})` }
  },
} satisfies Hooks
