/** An order as the Admin GraphQL API shows it. Costly parts are functions: only what is asked for is built. */
import { fullName } from '../generate/people.ts'
import { ID } from './change.ts'
import { connection, firstOf, gid, type PageArgs } from './connection.ts'
import { locationView, variantOf } from './goods-view.ts'
import { LOCATIONS } from './inventory.ts'
import {
  type Allocation,
  amounts,
  type Discount,
  type Fulfillment,
  financialStatus,
  fulfillmentStatus,
  graphAmount,
  graphDecimal,
  type Line,
  presentmentMinor,
  presentmentUnit,
  type Refund,
  type ShippingLine,
  type ShopAddress,
  type ShopOrder,
  shippedOf,
  type Tax,
  type Transaction,
  takenBack,
  totalsOf,
} from './order.ts'
import { type OrderViews, returnStatus, returnView } from './return-view.ts'

/** An amount in both currencies. */
function bag(order: ShopOrder, minor: number) {
  const shop = money(minor, order.currency)
  if (!order.presentment) return { shopMoney: shop, presentmentMoney: shop }
  const buyer = presentmentMinor(order, minor)
  return { shopMoney: shop, presentmentMoney: money(buyer.minor, buyer.currency) }
}

function money(minor: number, currency: string) {
  return { __typename: 'MoneyV2', amount: graphAmount(minor, currency), currencyCode: currency }
}

/** A unit price may be finer than the minor unit; in the buyer's currency it is shown as it is converted. */
function unitBag(order: ShopOrder, unitPrice: string) {
  const buyer = presentmentUnit(order, unitPrice)
  return {
    shopMoney: { amount: graphDecimal(unitPrice), currencyCode: order.currency },
    presentmentMoney: { amount: graphDecimal(buyer.amount), currencyCode: buyer.currency },
  }
}

const taxLine = (order: ShopOrder) => (tax: Tax) => ({
  title: tax.title,
  rate: Number(tax.rate),
  ratePercentage: Number((Number(tax.rate) * 100).toFixed(6)),
  channelLiable: false,
  source: 'Shopify',
  priceSet: () => bag(order, tax.amount),
})

/** Tax per title and rate over lines and freight. */
export function taxTable(order: ShopOrder): Tax[] {
  const table = new Map<string, Tax>()
  for (const tax of [...order.lines, ...order.shippingLines].flatMap((l) => l.taxes)) {
    const key = `${tax.title}|${tax.rate}`
    const row = table.get(key)
    if (row) row.amount += tax.amount
    else table.set(key, { ...tax })
  }
  return [...table.values()]
}

const APPLICATION = {
  code: 'DiscountCodeApplication',
  automatic: 'AutomaticDiscountApplication',
  manual: 'ManualDiscountApplication',
} as const

function discountView(order: ShopOrder, index: number) {
  const d: Discount = order.discounts[index]!
  return {
    __typename: APPLICATION[d.kind],
    index,
    allocationMethod: d.method,
    targetSelection: d.method === 'ACROSS' ? 'ALL' : 'ENTITLED',
    targetType: d.target,
    value:
      'amount' in d.value
        ? money(d.value.amount, order.currency)
        : { __typename: 'PricingPercentageValue', percentage: d.value.percentage },
    code: d.name,
    title: d.name,
    description: null,
  }
}

const allocation = (order: ShopOrder) => (a: Allocation) => ({
  allocatedAmountSet: bag(order, a.amount),
  discountApplication: () => discountView(order, a.discount),
})

/** Line name as Shopify joins it: title and variant. */
export function lineName(line: Line): string {
  return line.option === null ? line.title : `${line.title} - ${line.option}`
}

function lineView(order: ShopOrder, line: Line) {
  const current = line.quantity - takenBack(order, line.id)
  const own = line.allocations.filter((a) => order.discounts[a.discount]!.kind !== 'code')
  return {
    __typename: 'LineItem',
    id: gid('LineItem', line.id),
    name: lineName(line),
    title: line.title,
    variantTitle: line.option,
    vendor: 'サンプル商店',
    sku: line.sku,
    quantity: line.quantity,
    currentQuantity: current,
    refundableQuantity: current,
    unfulfilledQuantity: line.ships ? current - shippedOf(order, line.id) : 0,
    requiresShipping: line.ships,
    isGiftCard: false,
    taxable: line.taxes.length > 0,
    product: variantOf(line.sku)?.product ?? null,
    variant: variantOf(line.sku),
    originalUnitPriceSet: () => unitBag(order, line.unitPrice),
    originalTotalSet: () => bag(order, line.goods),
    discountedTotalSet: () => bag(order, line.goods - amounts(own)),
    discountAllocations: () => line.allocations.map(allocation(order)),
    taxLines: () => line.taxes.map(taxLine(order)),
    customAttributes: line.attributes.map(([key, value]) => ({ key, value })),
    lineItemGroup: null,
  }
}

function lineById(order: ShopOrder, id: number) {
  return lineView(order, order.lines.find((l) => l.id === id)!)
}

function shippingView(order: ShopOrder, s: ShippingLine) {
  return {
    id: gid('ShippingLine', s.id),
    code: s.code,
    title: s.title,
    source: 'shopify',
    carrierIdentifier: null,
    isRemoved: false,
    originalPriceSet: () => bag(order, s.price),
    discountedPriceSet: () => bag(order, s.price - amounts(s.allocations)),
    discountAllocations: () => s.allocations.map(allocation(order)),
    taxLines: () => s.taxes.map(taxLine(order)),
  }
}

function transactionView(order: ShopOrder, t: Transaction): object {
  const parent = order.transactions.find((p) => p.id === t.parent)
  return {
    __typename: 'OrderTransaction',
    id: gid('OrderTransaction', t.id),
    kind: t.kind,
    status: t.status,
    gateway: t.gateway,
    test: true,
    processedAt: t.at,
    amountSet: () => bag(order, t.amount),
    parentTransaction: () => (parent ? transactionView(order, parent) : null),
  }
}

function refundView(order: ShopOrder, r: Refund) {
  const paid = order.transactions.filter((t) => t.refund === r.id)
  return {
    __typename: 'Refund',
    id: gid('Refund', r.id),
    legacyResourceId: String(r.id),
    createdAt: r.at,
    processedAt: r.at,
    note: r.note,
    ...{ order: () => orderView(order), return: null },
    totalRefundedSet: () => bag(order, amounts(paid)),
    refundLineItems: (args: PageArgs) =>
      connection(r.lines, args, (l) => ({
        id: gid('RefundLineItem', l.id),
        quantity: l.quantity,
        restockType: l.restock,
        restocked: true,
        location: LOCATION,
        lineItem: () => lineById(order, l.line),
        priceSet: () => bag(order, Math.round(l.subtotal / l.quantity)),
        subtotalSet: () => bag(order, l.subtotal),
        totalTaxSet: () => bag(order, l.tax),
      })),
    refundShippingLines: (args: PageArgs) =>
      connection(r.shipping ? [r.shipping] : [], args, (s) => ({
        id: gid('RefundShippingLine', s.id),
        shippingLine: () => shippingView(order, order.shippingLines[0]!),
        subtotalAmountSet: () => bag(order, s.amount),
        taxAmountSet: () => bag(order, s.tax),
      })),
    orderAdjustments: (args: PageArgs) =>
      connection(r.adjustments, args, (a) => ({
        id: gid('OrderAdjustment', a.id),
        reason: 'REFUND_DISCREPANCY',
        amountSet: () => bag(order, a.amount),
        taxAmountSet: () => bag(order, a.tax),
      })),
    transactions: (args: PageArgs) => connection(paid, args, (t) => transactionView(order, t)),
  }
}

/** What returns show of their order. */
const VIEWS: OrderViews = { order: (o) => orderView(o), line: (o, id) => lineById(o, id), bag }

/** Where parcels leave from. */
const LOCATION = locationView(LOCATIONS[0]!)

/**
 * What a global id names inside an order, or undefined: the order's parts take ids from the order's own run
 * of 1000, so the caller knows the order.
 */
export function partOf(order: ShopOrder, type: string, id: number): object | undefined {
  if (type === 'FulfillmentOrder') return fulfillmentOrderView(order)
  const line = type === 'LineItem' && order.lines.find((l) => l.id === id)
  if (line) return lineView(order, line)
  const refund = type === 'Refund' && order.refunds.find((r) => r.id === id)
  if (refund) return refundView(order, refund)
  const back = type === 'Return' && order.returns?.find((r) => r.id === id)
  if (back) return returnView(order, back, VIEWS)
  const parcel = type === 'Fulfillment' && order.fulfillments.find((f) => f.id === id)
  return parcel ? fulfillmentView(order, parcel) : undefined
}

/** The one fulfilment order of an order, or none when nothing of it is shipped. */
function fulfillmentOrderView(order: ShopOrder) {
  const lines = order.lines.filter((l) => l.ships)
  const n = order.id - ID.order
  const open = (l: Line) => l.quantity - takenBack(order, l.id) - shippedOf(order, l.id)
  const started = order.fulfillments.length > 0
  return {
    __typename: 'FulfillmentOrder',
    id: gid('FulfillmentOrder', ID.fulfillmentOrder + n),
    status: lines.every((l) => open(l) <= 0) ? 'CLOSED' : started ? 'IN_PROGRESS' : 'OPEN',
    requestStatus: 'UNSUBMITTED',
    assignedLocation: { name: LOCATION.name, location: LOCATION },
    lineItems: (args: PageArgs) =>
      connection(lines, args, (l) => ({
        __typename: 'FulfillmentOrderLineItem',
        id: gid('FulfillmentOrderLineItem', l.id - ID.line + ID.fulfillmentOrderLine),
        totalQuantity: l.quantity,
        remainingQuantity: open(l),
        sku: l.sku,
        lineItem: () => lineView(order, l),
      })),
  }
}

/** One parcel of an order. */
export function fulfillmentView(order: ShopOrder, f: Fulfillment) {
  return {
    __typename: 'Fulfillment',
    id: gid('Fulfillment', f.id),
    legacyResourceId: String(f.id),
    name: `${order.name}-F${order.fulfillments.indexOf(f) + 1}`,
    status: 'SUCCESS',
    displayStatus: 'FULFILLED',
    createdAt: f.at,
    trackingInfo:
      f.number || f.company || f.url ? [{ company: f.company, number: f.number, url: f.url }] : [],
    fulfillmentLineItems: (args: PageArgs) =>
      connection(f.lines, args, (l) => ({
        __typename: 'FulfillmentLineItem',
        id: gid('FulfillmentLineItem', l.id),
        quantity: l.quantity,
        lineItem: () => lineById(order, l.line),
      })),
  }
}

function addressView(a: ShopAddress | null) {
  if (!a) return null
  const { countryCode, ...rest } = a
  return { ...rest, countryCodeV2: countryCode, name: fullName(a) }
}

function sums(order: ShopOrder) {
  const t = totalsOf(order)
  const of = (minor: number) => () => bag(order, minor)
  return {
    subtotalPriceSet: of(t.subtotal),
    totalDiscountsSet: of(t.discounts),
    totalShippingPriceSet: of(t.shipping),
    totalTaxSet: of(t.tax),
    totalPriceSet: of(t.total),
    currentSubtotalPriceSet: of(t.currentSubtotal),
    currentShippingPriceSet: of(t.currentShipping),
    currentTotalTaxSet: of(t.currentTax),
    currentTotalPriceSet: of(t.currentTotal),
    totalReceivedSet: of(t.received),
    totalRefundedSet: of(t.refunded),
    totalOutstandingSet: of(t.outstanding),
    refundDiscrepancySet: of(t.discrepancy),
    totalTipReceivedSet: of(order.tip),
    totalCashRoundingAdjustment: () => ({ paymentSet: bag(order, 0), refundSet: bag(order, 0) }),
    originalTotalDutiesSet: null,
    currentTotalDutiesSet: null,
    originalTotalAdditionalFeesSet: null,
    currentTotalAdditionalFeesSet: null,
    displayFinancialStatus: financialStatus(order, t),
    fullyPaid: t.received >= t.total,
  }
}

function lists(order: ShopOrder) {
  return {
    taxLines: () => taxTable(order).map(taxLine(order)),
    discountApplications: (args: PageArgs) =>
      connection(order.discounts, args, (d) => discountView(order, order.discounts.indexOf(d))),
    shippingLines: (args: PageArgs) => connection(order.shippingLines, args, (s) => shippingView(order, s)),
    lineItems: (args: PageArgs) => connection(order.lines, args, (l) => lineView(order, l)),
    transactions: (args: PageArgs) => firstOf(order.transactions, args).map((t) => transactionView(order, t)),
    refunds: (args: PageArgs) => firstOf(order.refunds, args).map((r) => refundView(order, r)),
    returns: (args: PageArgs) => connection(order.returns ?? [], args, (r) => returnView(order, r, VIEWS)),
    fulfillmentOrders: (args: PageArgs) =>
      connection(order.lines.some((l) => l.ships) ? [order] : [], args, fulfillmentOrderView),
    fulfillments: (args: PageArgs) => firstOf(order.fulfillments, args).map((f) => fulfillmentView(order, f)),
  }
}

function customerView(c: ShopOrder['customer']) {
  if (!c) return null
  return {
    id: gid('Customer', c.id),
    firstName: c.firstName,
    lastName: c.lastName,
    displayName: fullName(c) ?? c.email ?? '',
    locale: 'zh-CN',
    taxExempt: false,
    defaultEmailAddress: c.email === null ? null : { emailAddress: c.email },
  }
}

function head(order: ShopOrder) {
  return {
    __typename: 'Order',
    id: gid('Order', order.id),
    legacyResourceId: String(order.id),
    name: order.name,
    number: order.number,
    poNumber: null,
    test: true,
    note: order.note,
    email: order.email,
    phone: order.phone,
    tags: order.tags,
    sourceName: 'web',
    customerLocale: 'zh-CN',
    createdAt: order.createdAt,
    processedAt: order.createdAt,
    updatedAt: order.updatedAt,
    closedAt: order.closedAt,
    cancelledAt: order.cancelledAt,
    cancelReason: order.cancelReason,
    returnStatus: returnStatus(order),
    confirmed: true,
    edited: order.edited,
    taxesIncluded: order.taxesIncluded,
    taxExempt: false,
    dutiesIncluded: false,
    currencyCode: order.currency,
    presentmentCurrencyCode: order.presentment?.currency ?? order.currency,
  }
}

/** The order itself. */
export function orderView(order: ShopOrder) {
  return {
    ...head(order),
    displayFulfillmentStatus: fulfillmentStatus(order),
    requiresShipping: order.lines.some((l) => l.ships),
    discountCodes: order.discounts.filter((d) => d.kind === 'code').map((d) => d.name),
    paymentGatewayNames: [...new Set(order.transactions.map((t) => t.gateway))],
    customAttributes: order.attributes.map(([key, value]) => ({ key, value })),
    customer: customerView(order.customer),
    billingAddress: addressView(order.billing),
    shippingAddress: addressView(order.shipping),
    ...sums(order),
    ...lists(order),
  }
}
