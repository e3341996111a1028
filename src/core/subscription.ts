/**
 * Webhook subscriptions as desired state: what should be there, what is, and the steps between. Data in, data out; the
 * calls are the connector's (connector/subscription.ts).
 */

/** A subscription as the platform states it. */
export interface Subscription {
  id: string
  /** The platform's name of what it sends. */
  topic: string
  /** Where to; may hold a secret in its query. */
  address: string
  /** False: it is there and sends nothing. */
  active: boolean
}

/** A subscription that should be there. */
export interface WantedSubscription {
  /** Last step of our address: a topic of the connector's `webhooks`. */
  webhook: string
  topic: string
  address: string
}

/** What the platform can be asked to do. Each call throws CONNECTOR_* of the fitting kind. */
export interface SubscriptionCalls {
  /** Our webhooks, and what each is called by the platform. */
  topics: readonly { webhook: string; topic: string }[]
  /** What these webhooks would be sent to. Throws WEBHOOK_SECRET_MISSING where a delivery could not be verified. */
  wanted(publicUrl: string, webhooks: readonly string[] | null): WantedSubscription[]
  list(signal: AbortSignal): Promise<Subscription[]>
  create(wanted: WantedSubscription, signal: AbortSignal): Promise<void>
  /** Absent where the platform cannot: it is removed and created. */
  repair?(found: Subscription, wanted: WantedSubscription, signal: AbortSignal): Promise<void>
  /** One that is gone already is as good as removed. */
  remove(found: Subscription, signal: AbortSignal): Promise<void>
}

/** `unwanted`: ours by its address, but nothing wants it any more. */
export type SubscriptionState = 'ok' | 'missing' | 'disabled' | 'twice' | 'unwanted'

/** One that is wanted, or is there and ours, and what it takes to make it right. */
export interface SubscriptionStep {
  webhook: string
  topic: string
  state: SubscriptionState
  does: 'keep' | 'create' | 'repair' | 'remove'
  found: Subscription | null
  wanted: WantedSubscription | null
}

export interface SubscriptionGoal {
  /** Beginning of all our addresses for this connection, with a slash at its end. */
  own: string
  wanted: readonly WantedSubscription[]
  /** Also those that are right are made anew: their secret has changed. */
  renew?: boolean
}

/** What is to be done, in the order of the wanted ones, then what is to go. Those of others are left alone. */
export function planSubscriptions(
  found: readonly Subscription[],
  goal: SubscriptionGoal,
): SubscriptionStep[] {
  const ours = found.filter((one) => isUnder(one.address, goal.own))
  const used = new Set<Subscription>()
  const steps = goal.wanted.map((wanted): SubscriptionStep => {
    const same = ours.filter((o) => o.topic === wanted.topic && sameAddress(o.address, wanted.address))
    const best = same.find((o) => o.active) ?? same[0] ?? null
    if (best) used.add(best)
    const state = best ? (best.active ? 'ok' : 'disabled') : 'missing'
    const does = !best ? 'create' : state === 'disabled' || goal.renew ? 'repair' : 'keep'
    return { webhook: wanted.webhook, topic: wanted.topic, state, does, found: best, wanted }
  })
  const rest = ours.filter((o) => !used.has(o))
  return [
    ...steps,
    ...rest.map((one): SubscriptionStep => {
      const twice = [...used].some((u) => u.topic === one.topic && sameAddress(u.address, one.address))
      const webhook = new URL(one.address).pathname.split('/').at(-1) ?? ''
      const state = twice ? 'twice' : 'unwanted'
      return { webhook, topic: one.topic, state, does: 'remove', found: one, wanted: null }
    }),
  ]
}

/** Whether an address lies under ours: same scheme, host and path; its query does not matter. */
function isUnder(address: string, own: string): boolean {
  if (!URL.canParse(address)) return false
  const { origin, pathname } = new URL(address)
  return `${origin}${pathname}`.startsWith(new URL(own).href)
}

const sameAddress = (a: string, b: string): boolean => URL.canParse(a) && new URL(a).href === new URL(b).href
