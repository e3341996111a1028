/** What may be written through the Admin API: fulfilments with tracking, stock, refunds, webhook subscriptions. */
import { GraphQLError, type GraphQLResolveInfo, getDirectiveValues } from 'graphql'
import { ChangeRefused, fulfil, ID, retrack } from './change.ts'
import type { SetInput } from './inventory.ts'
import { type Fulfillment, type ShopOrder, shippedOf, takenBack } from './order.ts'
import { createRefunds, type RefundInput } from './refund-create.ts'
import { type Store, TOPICS, type Topic } from './store.ts'
import { subscriptionView } from './subscription.ts'
import { fulfillmentView } from './view.ts'

interface TrackingInput {
  company?: string | null
  number?: string | null
  numbers?: string[] | null
  url?: string | null
  urls?: string[] | null
}

interface FulfillmentInput {
  lineItemsByFulfillmentOrder: {
    fulfillmentOrderId: string
    fulfillmentOrderLineItems?: { id: string; quantity: number }[] | null
  }[]
  trackingInfo?: TrackingInput | null
}

const refuse = (field: string[] | null, message: string) => ({ userErrors: [{ field, message }] })

/** The mutation resolvers. `commit` stores a changed order and starts its webhooks. */
export function createMutations(store: Store, commit: (order: ShopOrder) => void) {
  const refunds = createRefunds(store, commit)
  return {
    inventorySetQuantities: ({ input }: { input: SetInput }, _: unknown, info: GraphQLResolveInfo) => {
      const planned = store.inventory.plan(input, idempotencyKey(info), new Date())
      if ('t' in planned) store.stock(planned)
      return planned.answer
    },
    refundCreate: ({ input }: { input: RefundInput }, _: unknown, info: GraphQLResolveInfo) =>
      refunds.create(input, idempotencyKey(info)),
    fulfillmentCreate: ({ fulfillment }: { fulfillment: FulfillmentInput }) =>
      attempt(() => create(store, commit, fulfillment)),
    fulfillmentTrackingInfoUpdate: (args: { fulfillmentId: string; trackingInfoInput: TrackingInput }) =>
      attempt(() => track(store, commit, args)),
    webhookSubscriptionCreate: ({
      topic,
      webhookSubscription,
    }: {
      topic: string
      webhookSubscription: { uri?: string | null; callbackUrl?: string | null }
    }) => subscribe(store, topic, webhookSubscription.uri ?? webhookSubscription.callbackUrl ?? ''),
    webhookSubscriptionDelete: ({ id }: { id: string }) =>
      store.unsubscribe(numberOf(id), 'deleted by the app')
        ? { deletedWebhookSubscriptionId: id, userErrors: [] }
        : refuse(['id'], 'Webhook subscription does not exist'),
  }
}

/** The key that `@idempotent` gives this field; required at run time from 2026-04 on (facts §1.4). */
function idempotencyKey(info: GraphQLResolveInfo): string {
  const directive = info.schema.getDirective('idempotent')!
  const key = getDirectiveValues(directive, info.fieldNodes[0]!, info.variableValues)?.key
  if (typeof key === 'string' && key !== '') return key
  throw new GraphQLError('The @idempotent directive is required for this mutation but was not provided.', {
    extensions: { code: 'BAD_REQUEST' },
  })
}

function attempt(make: () => object): object {
  try {
    return make()
  } catch (error) {
    if (error instanceof ChangeRefused) return refuse(['fulfillment'], error.message)
    throw error
  }
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('/') + 1))
}

function tracking(info: TrackingInput | null | undefined): Pick<Fulfillment, 'company' | 'number' | 'url'> {
  const number = info?.number ?? info?.numbers?.join(', ') ?? null
  return { company: info?.company ?? null, number, url: info?.url ?? info?.urls?.[0] ?? null }
}

function create(store: Store, commit: (order: ShopOrder) => void, input: FulfillmentInput): object {
  const groups = input.lineItemsByFulfillmentOrder
  const ids = new Set(groups.map((g) => g.fulfillmentOrderId))
  if (ids.size !== 1) return refuse(['fulfillment'], 'All fulfillment orders must belong to one order.')
  const order = store.order(numberOf(groups[0]!.fulfillmentOrderId) - ID.fulfillmentOrder + ID.order)
  if (!order)
    return refuse(['fulfillment', 'lineItemsByFulfillmentOrder'], 'Fulfillment order does not exist.')
  if (order.cancelledAt) return refuse(['fulfillment'], 'Fulfillment order is not in an open state.')
  const lines = groups.flatMap((g) => asked(order, g.fulfillmentOrderLineItems))
  if (lines.length === 0) return refuse(['fulfillment'], 'Fulfillment order has no open line items.')
  const changed = fulfil(order, lines, tracking(input.trackingInfo), new Date())
  commit(changed)
  return { fulfillment: fulfillmentView(changed, changed.fulfillments.at(-1)!), userErrors: [] }
}

/** Without an inner list everything that is still open is shipped (facts §1.4). */
function asked(order: ShopOrder, items: { id: string; quantity: number }[] | null | undefined) {
  if (items) {
    return items.map((i) => ({
      line: numberOf(i.id) - ID.fulfillmentOrderLine + ID.line,
      quantity: i.quantity,
    }))
  }
  return order.lines
    .filter((l) => l.ships)
    .map((l) => ({ line: l.id, quantity: l.quantity - takenBack(order, l.id) - shippedOf(order, l.id) }))
    .filter((l) => l.quantity > 0)
}

function track(
  store: Store,
  commit: (order: ShopOrder) => void,
  args: { fulfillmentId: string; trackingInfoInput: TrackingInput },
): object {
  const id = numberOf(args.fulfillmentId)
  const order = store.order(ID.order + Math.floor((id - ID.fulfillment) / 1000))
  if (!order) return refuse(['fulfillmentId'], 'Fulfillment does not exist.')
  const changed = retrack(order, id, tracking(args.trackingInfoInput), new Date())
  commit(changed)
  return {
    fulfillment: fulfillmentView(changed, changed.fulfillments.find((f) => f.id === id)!),
    userErrors: [],
  }
}

function subscribe(store: Store, topic: string, uri: string): object {
  const name = TOPICS.find((t) => t.replace('/', '_').toUpperCase() === topic) as Topic
  if (!/^https?:\/\/[^\s]+$/.test(uri)) return refuse(['webhookSubscription', 'uri'], 'Address is invalid')
  const taken = [...store.subscriptions.values()].some((s) => s.topic === name && s.uri === uri)
  if (taken) return refuse(['webhookSubscription', 'uri'], 'Address for this topic has already been taken')
  return { webhookSubscription: subscriptionView(store.subscribe(name, uri, new Date())), userErrors: [] }
}
