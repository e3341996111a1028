/** The `webhooks` section of `connector.yaml`: what systems send to us. */
import { type Static, Type } from 'typebox'
import { SIGNED } from './manifest-call.ts'
import { DottedPath, Duration, object, optional, Text, words } from './manifest-parts.ts'

/** The sender's signature, made as `http.sign` is, and where it comes. */
const VerifySchema = object({
  ...SIGNED,
  /** Header or query parameter that carries it. */
  header: optional(Text),
  query: optional(Text),
  /** Text before the signature, e.g. `sha256=`. */
  prefix: optional(Text),
  /** When it was signed: refused when that is too far from now. */
  time: optional(
    object({
      header: optional(Text),
      query: optional(Text),
      unit: optional(words('seconds', 'milliseconds')),
      tolerance: optional(Duration),
    }),
  ),
})
export type VerifyManifest = Static<typeof VerifySchema>

export const WebhookSchema = object({
  stream: Text,
  shape: optional(Text),
  verify: optional(VerifySchema),
  /** For senders that cannot sign: a secret text in a header or in the address (`?token=…`). */
  token: optional(object({ secret: Text, header: optional(Text), query: optional(Text) })),
  /** What an unsigned body begins with by which the sender only tries the address: answered, and nothing is taken in. */
  ping: optional(Text),
  /** Header with the delivery's unique id. */
  id: optional(object({ header: Text })),
  /** Full payloads: the list of records (default: the whole body is one) and each one's id. */
  each: optional(DottedPath),
  record: optional(DottedPath),
  /** Partial payloads: where the id to be fetched is; the first path that exists counts. */
  fetch: optional(Type.Array(DottedPath, { minItems: 1 })),
  answer: optional(
    object({
      status: optional(Type.Integer({ minimum: 200, maximum: 299 })),
      body: optional(Type.String()),
      contentType: optional(Text),
    }),
  ),
})
export type WebhookManifest = Static<typeof WebhookSchema>
