/** Webhook subscriptions of a connection: what the configuration wants of the platform, compared with what it has. */
import { connectorError } from '../core/errors/connector.ts'
import { TributaryError } from '../core/errors/error.ts'
import type { Connection } from '../core/ports.ts'
import {
  planSubscriptions,
  type SubscriptionCalls,
  type SubscriptionGoal,
  type SubscriptionStep,
} from '../core/subscription.ts'

export interface SubscriptionWish {
  /** The address under which platforms reach this installation; undefined: not known. */
  publicUrl: string | undefined
  /** Which webhooks; undefined: all that the connector subscribes to. */
  webhooks: readonly string[] | undefined
  /** None is wanted any more. */
  remove?: boolean | undefined
  /** All are made anew: their secret has changed. */
  renew?: boolean | undefined
}

/** A step that was tried; null: it was done. */
export interface Tried {
  step: SubscriptionStep
  failed: TributaryError | null
}

/**
 * Asks the platform what it has, and says what is to be done. Throws WEBHOOK_NO_SUBSCRIPTIONS, WEBHOOK_NO_ADDRESS,
 * WEBHOOK_SECRET_MISSING and what the call throws.
 */
export async function subscriptionSteps(
  connection: Connection,
  wish: SubscriptionWish,
  signal: AbortSignal,
): Promise<SubscriptionStep[]> {
  const calls = callsOf(connection)
  const goal = goalOf(connection, calls, wish)
  return planSubscriptions(await calls.list(signal), goal)
}

function callsOf({ id, connector, subscriptions }: Connection): SubscriptionCalls {
  if (!subscriptions) throw connectorError('WEBHOOK_NO_SUBSCRIPTIONS', { connection: id, connector })
  return subscriptions
}

function goalOf({ id }: Connection, calls: SubscriptionCalls, wish: SubscriptionWish): SubscriptionGoal {
  const { publicUrl, webhooks, remove, renew } = wish
  if (!publicUrl) throw connectorError('WEBHOOK_NO_ADDRESS', {})
  return {
    own: `${publicUrl.replace(/\/+$/, '')}/webhooks/${id}/`,
    wanted: remove ? [] : calls.wanted(publicUrl, webhooks ?? null),
    renew: renew ?? false,
  }
}

/**
 * Does the steps, surplus ones first (a platform may refuse a second one for the same address). One that fails holds
 * no other up.
 */
export async function carryOut(
  connection: Connection,
  steps: readonly SubscriptionStep[],
  signal: AbortSignal,
): Promise<Tried[]> {
  const calls = callsOf(connection)
  const tried = new Map<SubscriptionStep, Tried>()
  for (const step of [...steps].sort((a, b) => rank(a) - rank(b))) {
    if (step.does === 'keep') continue
    tried.set(step, { step, failed: await attempt(() => carryOutOne(calls, step, signal)) })
  }
  return steps.flatMap((step) => tried.get(step) ?? [])
}

const rank = ({ does }: SubscriptionStep): number => (does === 'remove' ? 0 : 1)

async function carryOutOne(
  calls: SubscriptionCalls,
  { does, found, wanted }: SubscriptionStep,
  signal: AbortSignal,
): Promise<void> {
  if (does === 'repair' && calls.repair) return calls.repair(found!, wanted!, signal)
  if (does === 'repair' || does === 'remove') await calls.remove(found!, signal)
  if (does === 'repair' || does === 'create') await calls.create(wanted!, signal)
}

async function attempt(work: () => Promise<void>): Promise<TributaryError | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (error instanceof TributaryError) return error
    throw error
  }
}
