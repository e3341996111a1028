/** The response document (china.md §1.4) and the outbound one that follows a big-file import. */

import { escapeXml } from '../xml.ts'
import type { OutputCharset } from './charset.ts'
import type { Refusal } from './refusal.ts'
import type { StoredBill } from './store.ts'

/** What became of one bill: `content` is the primary key on success, empty for "received". */
export interface BillResult {
  readonly id: string
  readonly refused: Refusal | null
  readonly content: string
}

const ECHOED = ['billtype', 'filename', 'isexchange', 'replace', 'sender']

// The version in double quotes and the encoding in single quotes, as the platform writes it.
const declaration = (charset: OutputCharset) => `<?xml version="1.0" encoding='${charset}'?>\n`

function description({ id, refused }: BillResult, bigFile: boolean): string {
  const start = `单据  ${id}  开始处理...\n`
  if (refused) return `${start}单据  ${id}  处理错误:${refused.text}\n`
  return bigFile ? `单据  ${id}  已接收, 等待后台处理\n` : `${start}单据  ${id}  处理完毕!\n`
}

function invalidDoc(refused: Refusal | null): string {
  if (!refused?.invalid) return ''
  const items = refused.invalid.map(
    ({ archive, code }) => `<docitem name="${escapeXml(archive)}">${escapeXml(code)}</docitem>`,
  )
  return `        <invaliddoc>${items.join('')}</invaliddoc>\n`
}

function sendResult(result: BillResult, filename: string, bigFile: boolean): string {
  const { id, refused, content } = result
  return `    <sendresult>
        <billpk>
        </billpk>
        <bdocid>${escapeXml(id)}</bdocid>
        <filename>${escapeXml(filename)}</filename>
        <resultcode>${refused ? refused.code : '1'}</resultcode>
        <resultdescription>${escapeXml(description(result, bigFile))}</resultdescription>
        <content>${escapeXml(content)}</content>
${invalidDoc(refused)}    </sendresult>
`
}

/**
 * The answer to one request, one `sendresult` per bill in the request's order. A document refused as a whole
 * has a single one with an empty `bdocid`. `echo` are the request root's attributes.
 */
export function answerDocument(
  echo: Readonly<Record<string, string>>,
  results: readonly BillResult[],
  charset: OutputCharset,
  bigFile = false,
): string {
  const attributes = ECHOED.map((name) => `${name}="${escapeXml(echo[name] ?? '')}"`).join(' ')
  const successful = results.every((r) => r.refused === null) ? 'Y' : 'N'
  const body = results.map((r) => sendResult(r, echo.filename ?? '', bigFile)).join('')
  return `${declaration(charset)}<ufinterface ${attributes} roottag="sendresult" successful="${successful}">\n${body}</ufinterface>\n`
}

/**
 * The outbound document that reports an imported bill: NC's own exchange format in the other direction, the
 * id being the one we were sent. The facts name the format, not its fields; these are the head's own.
 */
export function acknowledgementDocument(bill: StoredBill, account: string, charset: OutputCharset): string {
  const head = {
    csaleorderid: bill.pk,
    vbillcode: bill.code,
    ntotalorigmny: bill.total,
    fstatusflag: String(bill.status),
  }
  const fields = Object.entries(head).map(
    ([name, value]) => `            <${name}>${escapeXml(value)}</${name}>`,
  )
  return `${declaration(charset)}<ufinterface account="${escapeXml(account)}" billtype="${bill.billtype}" filename="" isexchange="Y" replace="N" roottag="bill" sender="nc">
    <bill id="${escapeXml(bill.id)}">
        <billhead>
${fields.join('\n')}
        </billhead>
    </bill>
</ufinterface>
`
}
