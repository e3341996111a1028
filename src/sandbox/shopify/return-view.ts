/** What comes back, as the Admin GraphQL API shows it. */
import { connection, gid, type PageArgs } from './connection.ts'
import { lineNet, type Return, type ShopOrder } from './order.ts'

/** What a return shows of its order; given, because orders show their returns. */
export interface OrderViews {
  order(order: ShopOrder): object
  line(order: ShopOrder, id: number): object
  bag(order: ShopOrder, minor: number): object
}

/** `returnStatus` of an order. */
export function returnStatus({ returns = [] }: ShopOrder): string {
  if (returns.length === 0) return 'NO_RETURN'
  return returns.every((r) => r.closedAt) ? 'RETURNED' : 'IN_PROGRESS'
}

/** One return of an order. */
export function returnView(order: ShopOrder, r: Return, views: OrderViews): object {
  return {
    __typename: 'Return',
    id: gid('Return', r.id),
    name: `${order.name}-R${(order.returns ?? []).indexOf(r) + 1}`,
    status: r.closedAt ? 'CLOSED' : 'OPEN',
    createdAt: r.at,
    closedAt: r.closedAt,
    requestApprovedAt: r.at,
    totalQuantity: r.lines.reduce((n, l) => n + l.quantity, 0),
    order: () => views.order(order),
    returnLineItems: (args: PageArgs) =>
      connection(r.lines, args, (l) => {
        const line = order.lines.find((one) => one.id === l.line)!
        return {
          __typename: 'ReturnLineItem',
          id: gid('ReturnLineItem', l.id),
          quantity: l.quantity,
          refundedQuantity: 0,
          refundableQuantity: l.quantity,
          returnReason: r.reason,
          returnReasonNote: r.note,
          customerNote: null,
          fulfillmentLineItem: {
            id: gid('FulfillmentLineItem', l.id),
            lineItem: () => views.line(order, l.line),
          },
          withCodeDiscountedTotalPriceSet: () =>
            views.bag(order, Math.round((lineNet(line) * l.quantity) / line.quantity)),
        }
      }),
  }
}
