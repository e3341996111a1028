/**
 * The sales order (bill type 30) of NC 6.5, field by field (china.md §1.8): what may be in the head and in a
 * row, what the order logic requires, and which fields carry codes of an archive. The type of a field is the
 * first letter of its name, as in all of NC: n decimal, b Y/N, d date, f whole number, anything else text.
 */

/** The words of a text, as a list. */
export const words = (text: string): readonly string[] => Object.freeze(text.trim().split(/\s+/))

/** Head fields that must not be empty. */
export const REQUIRED_HEAD = words(
  'pk_org ctrantypeid cbiztypeid dbilldate ccustomerid cdeptid corigcurrencyid cinvoicecustid',
)

/** Row fields that must not be empty (`ctrafficorgvid` too when the flow delivers; no flow does here). */
export const REQUIRED_ROW = words(`
  cmaterialvid castunitid ndiscountrate nitemdiscountrate ntaxrate ctaxcodeid ftaxtypeflag ncaltaxmny
  ccurrencyid nexchangerate dsenddate dreceivedate creceivecustid csendstockorgvid csettleorgvid carorgvid
  crececountryid csendcountryid ctaxcountryid fbuysellflag btriatradeflag`)

const numbered = (stem: string, to: number) => Array.from({ length: to }, (_, i) => `${stem}${i + 1}`)

/** Every head field of the bill definition, without the sub table. */
export const HEAD_FIELDS: ReadonlySet<string> = new Set([
  ...words(`
  pk_group pk_org pk_org_v ctrantypeid vtrantypecode cbiztypeid vbillcode dbilldate ccustomerid bfreecustflag
  cfreecustid cdeptvid cdeptid cemployeeid corigcurrencyid cinvoicecustid cchanneltypeid cpaytermid
  ctransporttypeid ndiscountrate cbalancetypeid ntotalnum ntotalorigmny vcooppohcode fstatusflag fpfstatusflag
  vnote billmaker dmakedate creator creationtime`),
  ...numbered('vdef', 20),
])

/** Every row field of the bill definition. */
export const ROW_FIELDS: ReadonlySet<string> = new Set([
  ...words(`
  crowno cmaterialvid cmaterialid cvendorid cunitid castunitid nnum nastnum vchangerate cqtunitid nqtunitnum
  vqtunitrate ndiscountrate nitemdiscountrate ctaxcodeid ntaxrate ftaxtypeflag ccurrencyid nexchangerate
  nqtorigtaxprice nqtorigprice nqtorigtaxnetprc nqtorignetprice norigtaxprice norigprice norigtaxnetprice
  norignetprice ntax ncaltaxmny norigmny norigtaxmny norigdiscount ntaxprice nprice nmny ntaxmny ndiscount
  vbatchcode blargessflag bdiscountflag blaborflag dsenddate dreceivedate creceivecustid creceiveaddrid
  csendstockorgvid csendstockorgid csendstordocid ctrafficorgvid csettleorgvid carorgvid crececountryid
  csendcountryid ctaxcountryid fbuysellflag btriatradeflag vsrctype vsrccode vsrcrowno csrcid csrcbid
  vfirsttype vfirstcode cretreasonid fretexchange vrownote`),
  ...numbered('vfree', 10),
  ...numbered('vbdef', 20),
])

/** The archives whose codes the translator looks up; the names stand in `docitem/@name`. */
export type Archive = 'material' | 'customer' | 'org' | 'currency'

const archive = (name: Archive, fields: string) => words(fields).map((field) => [field, name] as const)

/** Which archive a field's code belongs to, head and row fields alike. */
export const ARCHIVE_OF: ReadonlyMap<string, Archive> = new Map([
  ...archive(
    'org',
    'pk_org pk_org_v csendstockorgvid csendstockorgid ctrafficorgvid csettleorgvid carorgvid',
  ),
  ...archive('customer', 'ccustomerid cinvoicecustid creceivecustid'),
  ...archive('currency', 'corigcurrencyid ccurrencyid'),
  ...archive('material', 'cmaterialvid cmaterialid'),
])

/** The longest text of a field in characters, where the bill definition states one. */
export const MAX_LENGTH: ReadonlyMap<string, number> = new Map([
  ['vbillcode', 40],
  ['vnote', 181],
])

const DECIMAL = /^[+-]?\d{1,20}(?:\.\d{1,20})?$/
const WHOLE = /^-?\d{1,9}$/
const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?: (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)?$/

/** Bill types whose field names do not tell by their first letter what they hold. */
export interface Named {
  readonly decimals?: RegExp
  readonly dates?: RegExp
}

/** What a non-empty value should have been, or null when it fits its field's type (china.md §1.2). */
export function typeError(field: string, value: string, { decimals, dates }: Named = {}): string | null {
  if (decimals) {
    if (decimals.test(field)) return DECIMAL.test(value) ? null : 'UFDouble'
    return dates?.test(field) && !DATE.test(value) ? 'UFDate' : null
  }
  const max = MAX_LENGTH.get(field)
  if (max !== undefined && value.length > max && [...value].length > max) return `text(${max})`
  if (field === 'creationtime') return DATE.test(value) && value.length === 19 ? null : 'UFDateTime'
  switch (field.charCodeAt(0)) {
    case 0x6e: // n
      return DECIMAL.test(value) ? null : 'UFDouble'
    case 0x66: // f
      return WHOLE.test(value) ? null : 'Integer'
    case 0x64: // d
      return DATE.test(value) ? null : 'UFDate'
    case 0x62: // b
      return field === 'billmaker' || value === 'Y' || value === 'N' ? null : 'UFBoolean'
    default:
      return null
  }
}
