/** What a sandbox NC can be told at start, as types and as data for the command line. */
import type { Release } from './bill-type.ts'
import type { OutputCharset } from './charset.ts'

/** One transaction per bill, or one for the whole document (a server setting, china.md §1.1). */
export type DealRule = 'per-bill' | 'all-or-none'

export interface YonyouNcOptions {
  /** 0 or absent: the operating system chooses. */
  port?: number
  /** Path of the append-only log; without one nothing outlives the process. */
  log?: string
  /** The account code (`account=` in the URL and on the root element). */
  account: string
  /** The group code (`groupcode=`); NC 5.x has none. */
  group: string
  /** How bills are written: 6 (6.x) or 5 (5.x). Default 6. */
  release?: Release
  /** NC 5.x: the code of the company that receives. */
  receiver?: string
  /** External system codes registered in this account; any other `sender` is refused. */
  senders: readonly string[]
  /** Charset of answers and of outbound documents. Default UTF-8. */
  encoding?: OutputCharset
  /** Default per-bill. */
  dealRule?: DealRule
  /** Store the document, answer "received" at once, import later. Default false. */
  bigFile?: boolean
  /** How long a stored document waits before its import, ms. Default 500. */
  processAfter?: number
  /** Big-file mode: where an outbound document is posted for every imported bill. */
  acknowledgeUrl?: string
  /** Addresses that may call; absent: all. */
  allowAddresses?: readonly string[]
  /** Largest document in KB (1,024 bytes). Default 10240. */
  limitKb?: number
  /** Codes of the material archive. Default: the sandbox catalogue, SHIPPING and CHARGE. */
  materials?: readonly string[]
  /** Codes of the other archives; absent: every code is known (currencies: ISO 4217). */
  customers?: readonly string[]
  orgs?: readonly string[]
  currencies?: readonly string[]
  /** Code for a value that the translator cannot find; releases differ. Default -31206. */
  unmappedCode?: '-31206' | '-31200'
  /** Refuse fields that bill type 30 of NC 6.x does not have (a real server ignores them). Default false. */
  fieldsStrict?: boolean
  /** Seed of the faults. Default 1. */
  seed?: number
}

/** An option as the command line offers it. */
interface OptionText {
  type: 'string' | 'number' | 'boolean' | 'list'
  default?: string | number | boolean
  description: string
}

/** The options by name, for `--help`; the names are the fields of `YonyouNcOptions`. */
export const YONYOU_NC_OPTIONS: Readonly<Record<keyof YonyouNcOptions, OptionText>> = Object.freeze({
  port: { type: 'number', default: 0, description: 'Port; 0 lets the operating system choose' },
  log: { type: 'string', description: 'Append-only log file; replayed at start' },
  account: { type: 'string', description: 'Account code' },
  group: { type: 'string', description: 'Group code' },
  release: { type: 'string', default: '6', description: 'How bills are written: 6 or 5 (NC 5.x)' },
  receiver: { type: 'string', description: 'NC 5.x: code of the company that receives' },
  senders: { type: 'list', description: 'Registered external system codes' },
  encoding: { type: 'string', default: 'UTF-8', description: 'Charset of answers: UTF-8 or GBK' },
  dealRule: { type: 'string', default: 'per-bill', description: 'per-bill or all-or-none' },
  bigFile: { type: 'boolean', default: false, description: 'Answer "received" at once, import later' },
  processAfter: { type: 'number', default: 500, description: 'Big-file mode: wait before the import, ms' },
  acknowledgeUrl: { type: 'string', description: 'Big-file mode: where imported bills are reported' },
  allowAddresses: { type: 'list', description: 'Client addresses that may call; none given: all' },
  limitKb: { type: 'number', default: 10240, description: 'Largest document, KB' },
  materials: { type: 'list', description: 'Material codes; default: the sandbox catalogue' },
  customers: { type: 'list', description: 'Customer codes; none given: all' },
  orgs: { type: 'list', description: 'Organisation codes; none given: all' },
  currencies: { type: 'list', description: 'Currency codes; none given: ISO 4217' },
  unmappedCode: { type: 'string', default: '-31206', description: 'Answer to an unmapped code' },
  fieldsStrict: { type: 'boolean', default: false, description: 'Refuse fields the bill type lacks' },
  seed: { type: 'number', default: 1, description: 'Seed of the faults' },
})
