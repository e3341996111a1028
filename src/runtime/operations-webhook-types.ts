/** What the operations on webhook subscriptions take and give; see operations.ts. */
import type { SubscriptionState } from '../core/subscription.ts'
import type { Actor, Bilingual } from './operations-parts.ts'

export interface WebhookRequest {
  connection: string
  /** Instead of `http.publicUrl`. */
  publicUrl?: string
  /** None is wanted any more. */
  remove?: boolean
  /** Also those that are right are made anew: their secret has changed. */
  renew?: boolean
}

export interface WebhookSubscription {
  /** Last step of our address. */
  webhook: string
  /** What the platform calls it. */
  topic: string
  /** Without its query, which may hold a secret. */
  address: string
  /** As it was found. */
  state: SubscriptionState
  /** What makes it right. */
  does: 'keep' | 'create' | 'repair' | 'remove'
  /** Of what was tried; null: done, or not tried. */
  failed: { code: string; say: Bilingual; fix: Bilingual } | null
}

export interface WebhookReport {
  connection: string
  publicUrl: string
  /** False: it only says what would be done. */
  changed: boolean
  subscriptions: WebhookSubscription[]
  /** What the platform says afterwards: how many are not as they should be. */
  wrong: number
}

export interface WebhookOperations {
  /**
   * What the platform has of a connection's webhooks, and what `webhooksSync` would do. Throws RUNTIME_UNKNOWN,
   * WEBHOOK_NO_SUBSCRIPTIONS, WEBHOOK_NO_ADDRESS, WEBHOOK_SECRET_MISSING, CONNECTOR_*.
   */
  webhooksShow(request: WebhookRequest): Promise<WebhookReport>
  /** Registers, repairs and removes, then asks again. Throws the same; a step that fails is told in its line. */
  webhooksSync(request: WebhookRequest & Actor): Promise<WebhookReport>
}

/** Their names; see OPERATIONS. */
export const WEBHOOK_OPERATIONS = ['webhooksShow', 'webhooksSync'] as const
