/** The request document's root: what the servlet checks before it looks at any bill (china.md §1.1, §1.2). */

import { parseXml, type XmlElement, XmlError } from '../xml.ts'
import type { BillType, Release } from './bill-type.ts'
import { decodeDocument } from './charset.ts'
import { type Refusal, refusal } from './refusal.ts'

/** Attributes that the root must have. In 5.x the account is in the address alone. */
const REQUIRED: Readonly<Record<Release, readonly string[]>> = {
  6: ['account', 'billtype', 'filename', 'groupcode', 'isexchange', 'replace', 'roottag', 'sender'],
  5: ['billtype', 'filename', 'isexchange', 'proc', 'receiver', 'replace', 'roottag', 'sender'],
}
const YES_NO = new Set(['Y', 'N'])

/** Where the call came from and for whom. */
export interface Caller {
  /** The query of the URL. */
  query: URLSearchParams
  /** The client's IP address. */
  address: string
}

/** Who may call. */
export interface Gate {
  release: Release
  types: ReadonlyMap<string, BillType>
  /** 5.x: the company's code. */
  receiver: string
  account: string
  group: string
  senders: ReadonlySet<string>
  /** null: every address. */
  addresses: ReadonlySet<string> | null
}

export interface Envelope {
  readonly text: string
  readonly root: XmlElement
  /** The root's attributes, also of a refused document: the answer echoes them. */
  readonly attributes: Readonly<Record<string, string>>
  /** Why the whole document is refused, or null. */
  readonly refused: Refusal | null
}

function checkRoot(root: XmlElement, gate: Gate, query: URLSearchParams): Refusal | null {
  const has = root.attributes
  if (root.name !== 'ufinterface') return refusal('-31005', `根节点 ${root.name} 不是 ufinterface`)
  const missing = REQUIRED[gate.release].find((name) => has[name] === undefined)
  if (missing) return refusal('-31005', `根节点缺少属性 ${missing}`)
  for (const name of ['isexchange', 'replace']) {
    if (!YES_NO.has(has[name]!)) return refusal('-31005', `根节点属性 ${name} 必须为 Y 或 N`)
  }
  if (has.proc !== undefined && has.proc !== 'add') return refusal('-31100', `非法的 proc ${has.proc}`)
  return gate.release === '5' ? checkCompany(root, gate, query) : checkGroup(root, gate, query)
}

function checkGroup({ attributes: has }: XmlElement, gate: Gate, query: URLSearchParams): Refusal | null {
  if (has.roottag !== '' && has.roottag !== 'bill')
    return refusal('-31005', '根节点属性 roottag 应为空或 bill')
  if (query.get('groupcode') !== gate.group || has.groupcode !== gate.group) {
    return refusal('-31005', '集团编码 groupcode 不存在')
  }
  if (has.account !== query.get('account')) return refusal('-31005', '根节点属性 account 与地址不一致')
  return null
}

/** NC 5.x: one company receives, and the root names the element of its bills. */
function checkCompany({ attributes: has }: XmlElement, gate: Gate, query: URLSearchParams): Refusal | null {
  if (has.receiver !== gate.receiver) return refusal('-31101', `非法的接收方 receiver=${has.receiver}`)
  const asked = query.get('receiver')
  if (asked !== null && asked !== has.receiver) return refusal('-31005', '根节点属性 receiver 与地址不一致')
  const wrapper = gate.types.get(has.billtype!)?.wrapper
  if (wrapper && has.roottag !== wrapper) return refusal('-31005', `根节点属性 roottag 应为 ${wrapper}`)
  return null
}

function checkCaller(root: XmlElement, gate: Gate, { query, address }: Caller): Refusal | null {
  const { sender, billtype } = root.attributes
  const account = query.get('account')
  if (account !== gate.account) return refusal('-31102', `账套 ${account} 没有注册外部系统`)
  if (!gate.senders.has(sender!)) return refusal('-31102', `非法的发送方 sender=${sender}`)
  if (gate.addresses && !gate.addresses.has(address)) return refusal('-31201', `不允许的发送地址 ${address}`)
  if (!gate.types.has(billtype!)) return refusal('-31103', `非法的单据类型 billtype=${billtype}`)
  return null
}

const NO_ROOT: XmlElement = { name: '', attributes: {}, children: [], text: '', start: 0, end: 0 }

/** Reads a request's bytes: malformed -31003, then the root, the sender, the address and the bill type. */
export function openEnvelope(bytes: Buffer, caller: Caller, gate: Gate): Envelope {
  try {
    const text = decodeDocument(bytes)
    const root = parseXml(text)
    const refused = checkRoot(root, gate, caller.query) ?? checkCaller(root, gate, caller)
    return { text, root, attributes: root.attributes, refused }
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause
    const refused = refusal('-31003', `XML 格式错误: ${cause.message}`)
    return { text: '', root: NO_ROOT, attributes: {}, refused }
  }
}
