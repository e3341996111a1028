/** Guesses which field of a sample fills which field of a document: by name, and only where its value can be used. */
import { TributaryError } from '../core/errors/error.ts'
import { isCurrency } from '../core/money.ts'
import { compileExpression } from '../expression/compile.ts'
import { ExpressionError } from '../expression/errors.ts'
import type { DocumentField } from './document-shape.ts'
import { FUNCTIONS } from './functions.ts'

/**
 * Other names of document fields, as shops and ERPs have them; letters and digits only, in small letters. Names with
 * a dot hold where the sample has no object for the part before it.
 */
const NAMES: Record<string, string> = {
  externalId: 'id orderid legacyresourceid tid oid lineid uid',
  version:
    'updatedat modifiedat updated modified datemodifiedgmt datemodified updatetime lastmodified modifytime',
  number: 'ordernumber name orderno code orderid ordersn sn tid id',
  placedAt: 'createdat created datecreatedgmt datecreated orderdate createtime createdtime processedat',
  paidAt: 'datepaidgmt datepaid paytime paidtime paymentdate',
  currency: 'currencycode currencyid',
  taxIncluded: 'taxesincluded pricesincludetax priceincludestax',
  buyer: 'customer client user member',
  'buyer.name': 'customername buyername buyernick',
  'buyer.email': 'email contactemail buyeremail',
  'buyer.phone': 'phone mobile buyerphone',
  shipTo: 'shippingaddress shipping receiver deliveryaddress recipient',
  'shipTo.name': 'receivername',
  'shipTo.phone': 'receivermobile receiverphone',
  'shipTo.subdivision': 'receiverstate receiverprovince',
  'shipTo.city': 'receivercity',
  'shipTo.district': 'receiverdistrict',
  'shipTo.postcode': 'receiverzip',
  'shipTo.lines': 'receiveraddress',
  billTo: 'billingaddress billing invoiceaddress',
  lines: 'lineitems items orderitems products orderlines details entries rows orders order',
  sku: 'code itemcode productcode outeriid outerskuid variantsku articlenumber',
  name: 'title productname fullname displayname firstname',
  quantity: 'qty num count',
  unitPrice: 'price saleprice',
  goods: 'subtotal',
  discount: 'totaldiscount discountamount discounttotal discountfee',
  tax: 'totaltax taxamount taxtotal taxfee',
  amount: 'refundamount refundfee total price',
  'shipping.amount': 'shippingtotal shippingprice freight postfee shippingcost shippingfee',
  'shipping.tax': 'shippingtax',
  total: 'totalprice grandtotal totalamount ordertotal refundamount refundfee',
  'totals.total': 'total totalprice grandtotal totalamount ordertotal payment amount',
  'totals.discount': 'totaldiscounts discounttotal totaldiscount discountfee',
  'totals.tax': 'totaltax taxtotal',
  'totals.paid': 'totalpaid paidamount amountpaid',
  'remarks.buyer': 'note customernote buyermessage comment remark message',
  'remarks.seller': 'sellermemo internalnote',
  email: 'mail emailaddress',
  phone: 'mobile telephone phonenumber tel',
  postcode: 'zip zipcode postalcode',
  subdivision: 'provincecode province state region',
  country: 'countrycode countryid',
  city: 'town',
  district: 'county area',
  company: 'companyname organisation organization',
  trackingNumber: 'trackingcode trackingno waybill waybillno',
  carrier: 'carriername shippingcompany logisticscompany',
  shippedAt: 'shipdate deliverytime',
  order: 'orderid ordernumber reference',
  key: 'reference externalreference',
  remoteId: 'id',
  onHand: 'onhandquantity quantityonhand stock inventory instock qty quantity available',
  reserved: 'reservedquantity locked allocated committed',
  incoming: 'incomingquantity onorder intransit',
  site: 'warehouse warehousecode location locationid storecode',
  asOf: 'updatedat modifiedat updated modified updatetime',
  requestedAt: 'createdat created createtime datecreatedgmt',
  settledAt: 'refundedat refundtime completedat processedat',
  at: 'createdat created createtime date paidat',
  reason: 'cancelreason refundreason returnreason',
  freight: 'postfee shippingfee',
}
/** Lines of an address. */
const STREETS =
  'address1 address line1 street streetline1 addressline1 address2 line2 streetline2 addressline2'

const plainName = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
const split = (names: string | undefined) => (names ?? '').split(' ').filter((n) => n !== '')

/** Where a guess looks: `base` is what expressions start from, `within` the object at `path` in it. */
export interface Where {
  base: unknown
  path: string
  within: unknown
  /** `shipping` while the fields of that object are guessed and the sample has no object for it, else empty. */
  part: string
  /** Where to look next. */
  or?: Where
}

function namesOf(field: string, part: string): string[] {
  if (part !== '') return split(NAMES[`${part}.${field}`])
  return [plainName(field), ...split(NAMES[field])]
}

const MOST_DEPTH = 3

/** A place in the sample. */
export interface Place {
  path: string
  value: unknown
}

/** Fields of an object and of the objects in it, nearest first; lists are not entered. */
function placesIn(where: Where): Place[] {
  const found: Place[] = []
  let level: Place[] = [{ path: where.path, value: where.within }]
  for (let depth = 0; depth < MOST_DEPTH; depth++) {
    const next: Place[] = []
    for (const { path, value } of level) {
      if (!isObject(value)) continue
      for (const [name, one] of Object.entries(value as object)) {
        next.push({ path: `${path}${path === '' ? '' : '.'}${quoted(name)}`, value: one })
      }
    }
    found.push(...next)
    level = next
  }
  return found
}

/** A name as JSONata takes it: anything but letters and digits goes between backticks. */
function quoted(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) && !['and', 'or', 'in', 'true', 'false', 'null'].includes(name)
    ? name
    : `\`${name.replaceAll('`', '')}\``
}

const lastName = (path: string) => plainName(path.slice(path.lastIndexOf('.') + 1))

/** The places whose name suits, best first: by name, then by depth. */
function candidates(names: string[], where: Where, suits: (value: unknown) => boolean): Place[] {
  const places = placesIn(where).filter((p) => suits(p.value))
  return names.flatMap((name) => places.filter((p) => lastName(p.path) === name))
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isScalar = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value)

/** The object in the sample that suits an object of the document. */
export function guessObject(field: string, where: Where): Place | null {
  return candidates(namesOf(field, where.part), where, isObject)[0] ?? null
}

/** The list of objects that suits a list of the document. */
export function guessList(field: string, where: Where): Place | null {
  const isList = (value: unknown) => Array.isArray(value) && value.length > 0 && isObject(value[0])
  return candidates(namesOf(field, where.part), where, isList)[0] ?? null
}

/** Expressions for the lines of an address. */
export function guessStreets(where: Where): string[] {
  const names = where.part === '' ? split(STREETS) : namesOf('lines', where.part)
  const places = candidates(names, where, (v) => typeof v === 'string')
  return places.slice(0, 2).map(({ path }) => `$firstOf(${path})`)
}

/** An expression for a field, tried on the sample; null where nothing suits. */
export function guessExpression(
  { name, type }: Pick<DocumentField, 'name' | 'type'>,
  where: Where,
  currency: unknown,
): string | null {
  for (const place of candidates(namesOf(name, where.part), where, isScalar)) {
    // The source's clock decides which copy is newer, so it must be one clock.
    const more = name === 'version' ? expressionsFor('instant', place) : []
    for (const expression of [...more, ...expressionsFor(type, place)]) {
      if (works(expression, where.base, currency, type)) return expression
    }
  }
  return where.or ? guessExpression({ name, type }, where.or, currency) : null
}

function expressionsFor(type: DocumentField['type'], { path, value }: Place): string[] {
  if (type === 'money') return [`$money(${path}, $currency)`, `$moneyRounded(${path}, $currency)`]
  if (type === 'decimal') return [`$decimal(${path})`]
  if (type === 'instant') return [`$instant(${path})`]
  if (type === 'boolean') return typeof value === 'boolean' ? [`${path} = true`] : []
  if (type === 'text') return [typeof value === 'string' ? `$firstOf(${path})` : `$string(${path})`]
  return []
}

/** True when the expression gives something usable for the sample. */
function works(expression: string, input: unknown, currency: unknown, type: string): boolean {
  try {
    const value = compileExpression(expression, { functions: FUNCTIONS })(input, { currency })
    return type === 'text' ? typeof value === 'string' && value !== '' : value !== undefined
  } catch (error) {
    if (error instanceof TributaryError || error instanceof ExpressionError) return false
    throw error
  }
}

/** The currency of the sample: an expression, and what it gives. */
export function guessCurrency(where: Where): Place | null {
  const isCode = (value: unknown) => typeof value === 'string' && isCurrency(value)
  return candidates(namesOf('currency', ''), where, isCode)[0] ?? null
}
