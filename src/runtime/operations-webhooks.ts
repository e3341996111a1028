/** Operations on webhook subscriptions. */
import { runtimeError } from '../core/errors/runtime.ts'
import type { Connection } from '../core/ports.ts'
import type { SubscriptionStep } from '../core/subscription.ts'
import type { Desk } from './operations-desk.ts'
import type {
  WebhookOperations,
  WebhookReport,
  WebhookRequest,
  WebhookSubscription,
} from './operations-webhook-types.ts'
import { carryOut, type SubscriptionWish, subscriptionSteps, type Tried } from './subscriptions.ts'

/** How long the platform may take for all of it. Milliseconds. */
const PATIENCE = 60_000

/** The operations on webhook subscriptions. */
export function webhookOperations(desk: Desk): WebhookOperations {
  return {
    async webhooksShow(request) {
      const { connection, wish } = asked(desk, request)
      const steps = await subscriptionSteps(connection, wish, AbortSignal.timeout(PATIENCE))
      return report(connection, wish, steps, null, steps)
    },
    async webhooksSync({ by: _, why: __, ...request }) {
      const { connection, wish } = asked(desk, request)
      const signal = AbortSignal.timeout(PATIENCE)
      const steps = await subscriptionSteps(connection, wish, signal)
      const tried = await carryOut(connection, steps, signal)
      // an answer may be lost, and a platform may take what it does not keep
      const after = await subscriptionSteps(connection, { ...wish, renew: false }, signal)
      return report(connection, wish, steps, tried, after)
    },
  }
}

function asked(desk: Desk, request: WebhookRequest): { connection: Connection; wish: SubscriptionWish } {
  const { connection: id, publicUrl, remove, renew } = request
  const connection = desk.connections.get(id)
  if (!connection) throw runtimeError('RUNTIME_UNKNOWN', { what: 'connection', id })
  if (publicUrl !== undefined && !/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/.test(publicUrl))
    throw runtimeError('RUNTIME_REQUEST', { field: 'publicUrl', reason: 'https://hooks.example.com' })
  const { http, connections } = desk.context.config
  const wish = {
    publicUrl: publicUrl ?? http?.publicUrl,
    webhooks: connections?.[id]?.webhooks,
    remove,
    renew,
  }
  return { connection, wish }
}

function report(
  { id }: Connection,
  wish: SubscriptionWish,
  steps: readonly SubscriptionStep[],
  tried: readonly Tried[] | null,
  after: readonly SubscriptionStep[],
): WebhookReport {
  const failed = new Map(tried?.map((t) => [t.step, t.failed]))
  return {
    connection: id,
    publicUrl: wish.publicUrl!,
    changed: tried !== null,
    subscriptions: steps.map((step) => lineOf(step, failed.get(step) ?? null)),
    wrong: after.filter((step) => step.state !== 'ok').length,
  }
}

function lineOf(step: SubscriptionStep, failed: Tried['failed']): WebhookSubscription {
  const { webhook, topic, state, does, found, wanted } = step
  const { origin, pathname } = new URL((wanted ?? found)!.address)
  return {
    ...{ webhook, topic, address: `${origin}${pathname}`, state, does },
    failed: failed && {
      code: failed.code,
      say: { en: failed.say('en'), zh: failed.say('zh') },
      fix: { en: failed.fix('en'), zh: failed.fix('zh') },
    },
  }
}
