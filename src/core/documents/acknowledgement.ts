/**
 * A remote's later word that a document arrived: read back by a view, a status call or a document it posts
 * to us. It turns an `accepted` push into a `confirmed` one.
 */
import { type Static, Type } from 'typebox'
import { head, Nullable } from './parts.ts'

export const Acknowledgement = Type.Object(
  {
    ...head,
    /** The push key as the remote stores it (NC: `bill/@id`). */
    key: Type.String({ minLength: 1 }),
    remoteId: Nullable(Type.String()),
    number: Type.Optional(Nullable(Type.String())),
    total: Type.Optional(Nullable(Type.String())),
  },
  {
    additionalProperties: false,
    description: 'the later word of a remote that a document arrived',
  },
)
export type Acknowledgement = Static<typeof Acknowledgement>
