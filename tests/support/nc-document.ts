/** Builds XChange sales order documents for tests of the NC sandbox, field by field as china.md §1.8 lists. */

/** An undefined field is left out. */
export type NcFields = Record<string, string | undefined>

export interface NcBill {
  id: string
  head?: NcFields
  rows?: NcFields[]
}

export const HEAD: NcFields = {
  pk_group: 'G01',
  pk_org: 'ORG1',
  ctrantypeid: '30-01',
  cbiztypeid: 'SO01',
  dbilldate: '2026-03-01 10:00:00',
  ccustomerid: 'WEB',
  cdeptid: 'D1',
  corigcurrencyid: 'CNY',
  cinvoicecustid: 'WEB',
  fstatusflag: '1',
}

export const ROW: NcFields = {
  crowno: '10',
  cmaterialvid: 'TEA-001',
  castunitid: 'EA',
  nnum: '2',
  nastnum: '2',
  ndiscountrate: '100',
  nitemdiscountrate: '100',
  ntaxrate: '13',
  ctaxcodeid: 'CN13',
  ftaxtypeflag: '1',
  ncaltaxmny: '100.00',
  ccurrencyid: 'CNY',
  nexchangerate: '1',
  norigtaxmny: '113.00',
  norigmny: '100.00',
  nmny: '100.00',
  ntax: '13.00',
  ntaxmny: '113.00',
  dsenddate: '2026-03-02 00:00:00',
  dreceivedate: '2026-03-03',
  creceivecustid: 'WEB',
  csendstockorgvid: 'ORG1',
  csettleorgvid: 'ORG1',
  carorgvid: 'ORG1',
  crececountryid: 'CN',
  csendcountryid: 'CN',
  ctaxcountryid: 'CN',
  fbuysellflag: '1',
  btriatradeflag: 'N',
}

const escaped = (text: string) => text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`)
const elements = (fields: NcFields) =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${escaped(value!)}</${name}>`)
    .join('')

/** One bill; `head` and each of `rows` are laid over the valid defaults. */
export function billXml({ id, head = {}, rows = [{}] }: NcBill): string {
  const items = rows.map(
    (row, i) => `<item>${elements({ ...ROW, crowno: `${(i + 1) * 10}`, ...row })}</item>`,
  )
  const body = `<so_saleorder_b>${items.join('')}</so_saleorder_b>`
  return `<bill id="${escaped(id)}"><billhead>${elements({ ...HEAD, ...head })}${body}</billhead></bill>`
}

/** A document round bills; an attribute set to undefined is left out. */
export function documentXml(
  bills: string,
  attributes: Record<string, string | undefined> = {},
  encoding = 'UTF-8',
): string {
  const all: Record<string, string | undefined> = {
    account: 'develop',
    billtype: '30',
    filename: '',
    groupcode: 'G01',
    isexchange: 'Y',
    replace: 'N',
    roottag: '',
    sender: 'SHOP',
    ...attributes,
  }
  const text = Object.entries(all)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escaped(value!)}"`)
    .join('')
  return `<?xml version="1.0" encoding="${encoding}"?>\n<ufinterface${text}>${bills}</ufinterface>`
}

/** A document of several bills with the default attributes. */
export function billsXml(...bills: NcBill[]): string {
  return documentXml(bills.map(billXml).join('\n'))
}
