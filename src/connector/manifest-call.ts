/**
 * How `connector.yaml` describes one HTTP call, and how calls are signed. Texts are templates (template.ts):
 * `{name}` is a setting, a parameter of the call or what the section that holds the call puts in.
 */
import { type Static, Type } from 'typebox'
import { object, optional, RelativePath, Text, words } from './manifest-parts.ts'

/** Templates by name; a value that is a tree travels as compact JSON text with sorted keys. */
export const Parameters = Type.Record(Type.String(), Type.Unknown())

/** Exactly one of the verbs. The body is `form`, `json` or `xml`, whichever is there. */
export const CALL = {
  get: optional(RelativePath),
  post: optional(RelativePath),
  put: optional(RelativePath),
  patch: optional(RelativePath),
  delete: optional(RelativePath),
  headers: optional(Type.Record(Type.String(), Text)),
  query: optional(Parameters),
  form: optional(Parameters),
  /** A tree of templates. `"{document}"` alone stands for the whole mapped document. */
  json: optional(Type.Unknown()),
  /** The same as an XML tree with one root: keys that begin with @ are attributes, lists are repeated elements. */
  xml: optional(Parameters),
  /** The class of its limit (`http.limits`), where it is not that of the stream or write; default `default`. */
  limit: optional(Text),
}

export const CallSchema = object(CALL)
export type Call = Static<typeof CallSchema>

/** What a signature is made with. */
export const DIGEST = words(
  'md5',
  'sha1',
  'sha256',
  'sha512',
  'hmac-md5',
  'hmac-sha1',
  'hmac-sha256',
  'hmac-sha512',
)
/** How it is written: hexadecimal in small or capital letters, or base64. */
export const WRITTEN = words('lower', 'upper', 'base64')

/**
 * The text that is signed: names of settings and parameters, `{body}` (the bytes of the body), `{pairs}` (parameters
 * sorted by name), for webhooks also `{header.<name>}`.
 */
export const SIGNED = {
  with: DIGEST,
  /** Of an hmac; several for the time of a rotation. */
  key: optional(Type.Union([Text, Type.Array(Text, { minItems: 1 })])),
  text: Text,
  as: optional(WRITTEN),
  /** Which parameters are pairs: these alone, or all but these. Empty ones never are. */
  of: optional(Type.Array(Text, { minItems: 1 })),
  not: optional(Type.Array(Text, { minItems: 1 })),
  /** Default `{name}{value}`. */
  pair: optional(Text),
  /** Between pairs; default nothing. */
  join: optional(Type.String()),
}

/** Signs every call. `param` travels with the other parameters: in the form where there is one, else in the query. */
export const SignSchema = object({
  ...SIGNED,
  /** Text before the signature, e.g. `v1,`; under several keys there is one signature each, with blanks between. */
  prefix: optional(Text),
  into: Type.Union([object({ param: Text }), object({ query: Text }), object({ header: Text })]),
})

export const SignedSchema = object(SIGNED)
export type Signed = Static<typeof SignedSchema>
export type Sign = Static<typeof SignSchema>
