/** The `subscriptions` section of `connector.yaml`: how the platform is told where to send webhooks. */
import { type Static, Type } from 'typebox'
import { CallSchema } from './manifest-call.ts'
import { AnswerSchema } from './manifest-http.ts'
import { Condition, DottedPath, object, optional } from './manifest-parts.ts'
import { ListSchema } from './manifest-read.ts'

const Topic = Type.String({ minLength: 1 })

export const SubscriptionsSchema = object({
  /** Webhook of this connector → what the platform calls it; several where one address takes them all. */
  topics: Type.Record(Type.String(), Type.Union([Topic, Type.Array(Topic, { minItems: 1 })])),
  /** All that there are, ours or not: a list as of a stream, without a window. */
  list: ListSchema,
  /** Where each of them holds its topic and its address. */
  topic: DottedPath,
  address: DottedPath,
  /** Over one of them: true while the platform sends. Left out where it deletes what it does not send to any more. */
  active: optional(Condition),
  /** Knows `{topic}` and `{address}`. */
  create: CallSchema,
  /** Knows `{id}` too: switches it on again, with its secret. Without, it is deleted and created. */
  repair: optional(CallSchema),
  /** Knows `{id}`. */
  delete: CallSchema,
  /** As `http.answer`, for these calls. */
  answer: optional(AnswerSchema),
})
export type SubscriptionsManifest = Static<typeof SubscriptionsSchema>
