/** Webhook subscriptions as the Admin GraphQL API shows them. */

import { gid } from './connection.ts'
import type { Subscription } from './store.ts'

/** `orders/create` as the enum spells it. */
export function topicName(s: Pick<Subscription, 'topic'>): string {
  return s.topic.replace('/', '_').toUpperCase()
}

/** A subscription as GraphQL shows it. */
export function subscriptionView(s: Subscription) {
  const id = gid('WebhookSubscription', s.id)
  return {
    __typename: 'WebhookSubscription',
    id,
    topic: topicName(s),
    uri: s.uri,
    format: 'JSON',
    createdAt: s.createdAt,
  }
}
