/** The response document (china.md §1.4) and the outbound one that follows a big-file import. */

import { escapeXml } from '../xml.ts'
import type { BillType, Release } from './bill-type.ts'
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
/** NC 5.x echoes these too. */
const ECHOED_5 = ['proc', 'receiver']

/** What answers depend on beside the results. */
interface Manner {
  bigFile?: boolean
  release?: Release
}

// The version in double quotes and the encoding in single quotes, as the platform writes it.
const declaration = (charset: OutputCharset) => `<?xml version="1.0" encoding='${charset}'?>\n`

function description({ id, refused }: BillResult, { bigFile, release }: Manner): string {
  // 6.x puts two spaces around the id, 5.x none
  const bill = release === '5' ? `单据${id}` : `单据  ${id}  `
  const start = `${bill}开始处理...\n`
  if (refused) return `${start}${bill}处理错误:${refused.text}\n`
  return bigFile ? `${bill}已接收, 等待后台处理\n` : `${start}${bill}处理完毕!\n`
}

function invalidDoc(refused: Refusal | null): string {
  if (!refused?.invalid) return ''
  const items = refused.invalid.map(
    ({ archive, code }) => `<docitem name="${escapeXml(archive)}">${escapeXml(code)}</docitem>`,
  )
  return `        <invaliddoc>${items.join('')}</invaliddoc>\n`
}

function sendResult(result: BillResult, filename: string, manner: Manner): string {
  const { id, refused, content } = result
  return `    <sendresult>
        <billpk>
        </billpk>
        <bdocid>${escapeXml(id)}</bdocid>
        <filename>${escapeXml(filename)}</filename>
        <resultcode>${refused ? refused.code : '1'}</resultcode>
        <resultdescription>${escapeXml(description(result, manner))}</resultdescription>
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
  manner: Manner = {},
): string {
  const echoed = manner.release === '5' ? [...ECHOED, ...ECHOED_5] : ECHOED
  const attributes = echoed.map((name) => `${name}="${escapeXml(echo[name] ?? '')}"`).join(' ')
  const successful = results.every((r) => r.refused === null) ? 'Y' : 'N'
  const body = results.map((r) => sendResult(r, echo.filename ?? '', manner)).join('')
  return `${declaration(charset)}<ufinterface ${attributes} roottag="sendresult" successful="${successful}">\n${body}</ufinterface>\n`
}

/**
 * The outbound document that reports an imported bill: NC's own exchange format in the other direction, the
 * id being the one we were sent. The facts name the format, not its fields; these are the head's own.
 */
export function acknowledgementDocument(
  bill: StoredBill,
  type: BillType,
  account: string,
  charset: OutputCharset,
): string {
  const head = {
    [type.pk]: bill.pk,
    [type.billCode]: bill.code,
    [type.total]: bill.total,
    [type.status]: String(bill.status),
  }
  const fields = Object.entries(head).map(
    ([name, value]) => `            <${name}>${escapeXml(value)}</${name}>`,
  )
  return `${declaration(charset)}<ufinterface account="${escapeXml(account)}" billtype="${bill.billtype}" filename="" isexchange="Y" replace="N" roottag="${type.wrapper}" sender="nc">
    <${type.wrapper} id="${escapeXml(bill.id)}">
        <${type.head}>
${fields.join('\n')}
        </${type.head}>
    </${type.wrapper}>
</ufinterface>
`
}
