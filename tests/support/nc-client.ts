/** Posts documents to an NC server and reads its answers with a parser that the server does not use. */
import { XMLParser } from 'fast-xml-parser'
import iconv from 'iconv-lite'

const MANY = new Set(['sendresult', 'docitem'])
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  isArray: (name) => MANY.has(name),
})

export interface NcResult {
  id: string
  code: string
  description: string
  content: string
  /** `docitem` name → code. */
  invalid: [string, string][]
}

export interface NcAnswer {
  status: number
  type: string
  text: string
  attributes: Record<string, string>
  results: NcResult[]
}

/** Parses a `sendresult` document. Throws when the text is none. */
export function readAnswer(text: string): Pick<NcAnswer, 'attributes' | 'results'> {
  const root = parser.parse(text, true).ufinterface
  const attributes = Object.fromEntries(
    Object.entries(root)
      .filter(([name]) => name.startsWith('@'))
      .map(([name, value]) => [name.slice(1), value as string]),
  )
  const results = root.sendresult.map((r: Record<string, never>) => ({
    id: String(r.bdocid),
    code: String(r.resultcode),
    description: String(r.resultdescription),
    content: String(r.content),
    invalid: ((r.invaliddoc as never as { docitem: Record<string, string>[] })?.docitem ?? []).map((d) => [
      d['@name'],
      d['#text'],
    ]),
  }))
  return { attributes, results }
}

/** Sends one document, as UTF-8 unless it is bytes already. `query` replaces the usual account and group. */
export async function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  query = 'account=develop&groupcode=G01',
): Promise<NcAnswer> {
  const res = await fetch(`${url}/service/XChangeServlet?${query}`, {
    method: 'POST',
    headers: { 'Content-Type': 'text/xml' },
    body,
  })
  const bytes = Buffer.from(await res.arrayBuffer())
  const text = iconv.decode(bytes, /encoding='([^']+)'/.exec(bytes.toString('latin1'))?.[1] ?? 'utf-8')
  return { status: res.status, type: res.headers.get('content-type') ?? '', text, ...readAnswer(text) }
}

/** One entry of `GET /_sandbox/bills`. */
export interface RawBill {
  id: string
  pk: string
  billtype: string
  code: string
  total: string
  status: number
  received: string
  updates: number
  head: Record<string, string>
  rows: Record<string, string>[]
  raw: string
}

export async function rawBills(url: string): Promise<RawBill[]> {
  return (await fetch(`${url}/_sandbox/bills`)).json() as Promise<RawBill[]>
}

/** Switches faults on; fails unless the sandbox accepts them. */
export async function setFaults(url: string, faults: Record<string, unknown>): Promise<void> {
  const res = await fetch(`${url}/_sandbox/faults`, { method: 'POST', body: JSON.stringify(faults) })
  if (!res.ok) throw new Error(await res.text())
}

/** `GET /_sandbox/stats`. */
export interface NcStats {
  documents: number
  bills: number
  committed: number
  refused: Record<string, number>
  waitingFiles: number
  outbound: { waiting: number; posts: number; taken: number } | null
  faults: Record<string, number>
}

export async function ncStats(url: string): Promise<NcStats> {
  return (await fetch(`${url}/_sandbox/stats`)).json() as Promise<NcStats>
}
