/**
 * Yonyou NC's exchange platform: up to 20 bills in one `ufinterface` document, one `sendresult` each. The bytes
 * that are frozen for a push are its `bill` element; the document around them is made anew for every request.
 */
import type { Hooks, HttpAnswer, Outcome, Tools, WriteItem } from 'tributary/hooks'

type Failed = Exclude<Outcome, { kind: 'done' }>
type Tree = Record<string, unknown>
type Result = { id: string; code: string; text: string; content: string }

const list = (v: unknown): Tree[] => (Array.isArray(v) ? v : v ? [v as Tree] : [])
const textOf = (v: unknown): string => (typeof v === 'string' ? v.trim() : '')
const unknown = (code: string, message: string): Failed => ({ kind: 'unknown', code, message })

/** Settings or registration in NC are wrong; a person must act. */
const ADMIN = /^(20000|2100[12]|2110[1-5]|2200[012]|3110[0-3]|3111\d|31203)$/
const REFUSED = /^(21106|2202[12]|22030|22100|3100[123567]|3120[0124567]|3200[0-3]|99999)$/

function post(bills: string, billtype: string, tools: Tools, signal: AbortSignal): Promise<HttpAnswer> {
  const { account = '', group = '', sender = '', charset = '' } = tools.settings as Record<string, string>
  const root = { account, billtype, filename: '', groupcode: group, isexchange: 'Y', replace: 'N', sender }
  const attributes = Object.entries(root).map(([k, v]) => `${k}="${tools.xml.escape(v)}" `)
  const head = `<?xml version="1.0" encoding="${charset}"?>\n<ufinterface ${attributes.join('')}roottag="">`
  return tools.http({
    method: 'POST',
    path: `/service/XChangeServlet?${new URLSearchParams({ account, groupcode: group })}`,
    headers: { 'Content-Type': `text/xml; charset=${charset}` },
    body: tools.xml.encode(`${head}${bills}</ufinterface>`, charset),
    signal,
  })
}

/** The results of an answer, or what an answer without any proves. Throws for what is not XML. */
function read(answer: HttpAnswer, tools: Tools): { results: Result[]; successful: string } | Failed {
  const failed = tools.outcome(answer)
  if (failed) return failed
  if (answer.body.length === 0) return unknown('EMPTY', 'NC answered nothing')
  const root = tools.xml.parse(answer.body, answer.headers['content-type']).ufinterface as Tree | undefined
  const results = list(root?.sendresult).map((r) => ({
    id: textOf(r.bdocid),
    code: textOf(r.resultcode),
    text: textOf(r.resultdescription).slice(0, 2000),
    content: textOf(r.content),
  }))
  if (results.length === 0) return unknown('NO_RESULT', 'the answer holds no sendresult')
  return { results, successful: textOf(root?.['@successful']) }
}

/** What a refusal proves; what is not listed (-10000…, -40000 too) leaves doubt. Some systems drop the sign. */
function classify({ id, code, text }: Result, tools: Tools): Failed {
  const number = code.replace(/^-/, '')
  const said = { code: `-${number}`, message: text }
  const plugin = number === '32000' ? (tools.settings.duplicateTexts as string[]) : []
  if (number === '31000' || plugin.some((t) => t !== '' && text.includes(t))) {
    return { kind: 'refused', duplicate: true, ...said }
  }
  if (number === '31004') return { kind: 'not-done', ...said }
  // -31201 also means a bad record; without a bill id it is about the address of the caller.
  if (ADMIN.test(number) || (number === '31201' && id === ''))
    return { kind: 'not-done', pause: true, ...said }
  return { kind: REFUSED.test(number) ? 'refused' : 'unknown', ...said }
}

function outcomeOf(item: WriteItem, results: Result[], successful: string, tools: Tools): Outcome {
  const mine = results.filter((r) => r.id === item.key)
  const result = mine[0]
  if (!result || mine.length > 1)
    return unknown('NOT_NAMED', `the answer names this bill ${mine.length} times`)
  if (result.code !== '1') return classify(result, tools)
  if (successful === 'N' && results.every((r) => r.code === '1')) {
    return unknown('CONTRADICTION', 'every bill is processed, but the document is not')
  }
  // Big-file mode: NC only says that it stored the document; it posts the bill to us once it is imported.
  if (tools.settings.bigFile) return { kind: 'done', remote: { id: null, state: 'final' }, accepted: true }
  return { kind: 'done', remote: { id: result.content || null, state: 'final' } }
}

async function write(items: WriteItem[], tools: Tools, signal: AbortSignal): Promise<Outcome[]> {
  const all = (outcome: Outcome) => items.map(() => outcome)
  let outcome: Failed
  try {
    const answer = read(await post(items.map((i) => i.body).join(''), '30', tools, signal), tools)
    if ('kind' in answer) return all(answer)
    const { results, successful } = answer
    const whole = results.find((r) => results.length === 1 && r.id === '' && r.code !== '1')
    if (!whole) return items.map((i) => outcomeOf(i, results, successful, tools))
    outcome = classify(whole, tools)
  } catch (error) {
    return all(tools.failed(error))
  }
  // Refused before any bill was looked at (too large, malformed): one bill must not take its neighbours along.
  if (outcome.kind !== 'refused' || items.length === 1) return all(outcome)
  const half = Math.ceil(items.length / 2)
  const first = await write(items.slice(0, half), tools, signal)
  return [...first, ...(await write(items.slice(half), tools, signal))]
}

const ADVICE: Record<string, string> = {
  '31103': 'NC knows us: it refuses an unknown bill type, as it should',
  '31102': 'NC does not know the setting "sender": register it as an external system of this account',
  '31201': 'NC does not allow this machine\'s address: add it to the external system "sender" in NC',
  '31005': 'NC does not accept the settings account and group: compare them with NC',
  '20000': 'the exchange platform of NC is not configured',
}

export default {
  write: {
    order: {
      async render(document, context, tools) {
        const { value, version } = await tools.map('order.out', document, context)
        const head = (value as { billhead: Tree }).billhead
        const rows = (head.so_saleorder_b as { item: unknown[] }).item
        return {
          body: Buffer.from(tools.xml.element('bill', value)),
          contentType: 'text/xml; charset=UTF-8',
          mappingVersion: version,
          check: { number: null, total: String(head.ntotalorigmny), lines: rows.length },
        }
      },
      write,
    },
  },
  webhooks: {
    outbound: {
      read(headers, body, tools) {
        const contentType = String(headers['content-type'] ?? '').replace(/^[^;]*/, 'text/xml')
        const bills = list((tools.xml.parse(body, contentType).ufinterface as Tree | undefined)?.bill)
        if (bills.length === 0) throw new SyntaxError('no bill')
        const bytes = (bill: Tree) =>
          bills.length === 1 ? body : Buffer.from(tools.xml.element('ufinterface', { bill }))
        const head = { contentType, shape: 'bill' }
        const records = bills.map((bill) => ({ ...head, id: textOf(bill['@id']), body: bytes(bill) }))
        return { stream: 'bill', deliveryId: null, records, fetch: [] }
      },
    },
  },
  async check(tools, signal) {
    const bill = '<bill id="check"><billhead/></bill>'
    const answer = read(await post(bill, 'tributary-check', tools, signal), tools)
    if ('kind' in answer) return { ok: false, say: `${answer.message} (${answer.code})` }
    const { code, text } = answer.results[0]!
    const say = ADVICE[code.replace(/^-/, '')] ?? `NC answered "${text.slice(0, 200)}"`
    return { ok: /^-?31103$/.test(code), say: `${say} (${code})` }
  },
} satisfies Hooks
