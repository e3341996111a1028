/** The lists that the ledger, the API, the CLI and the manifests share: kinds of documents, states of pushes. */

/** Kinds of documents that streams read and connections write (src/core/documents/). */
export const DOCUMENT_KINDS = [
  'order',
  'return',
  'refund',
  'cancellation',
  'shipment',
  'stock',
  'product',
  'receipt',
  'acknowledgement',
] as const
export type DocumentKind = (typeof DOCUMENT_KINDS)[number]

/** States of a push (docs/reference/push-protocol.md). */
export const PUSH_STATES = [
  'planned',
  'sending',
  'confirmed',
  'accepted',
  'rejected',
  'unknown',
  'withdrawn',
  'parked',
  'shadowed',
] as const
export type PushState = (typeof PUSH_STATES)[number]

/**
 * How far an order has come. `history`: placed before the flow's `from`; `none`: nothing is to be pushed
 * (cancelled or refunded before, or no flow); `shadowed`: rendered and kept, not sent; otherwise the state
 * of its push that needs most attention.
 */
export const ORDER_PROGRESS = ['received', 'held', 'history', 'none', ...PUSH_STATES] as const
export type OrderProgress = (typeof ORDER_PROGRESS)[number]
