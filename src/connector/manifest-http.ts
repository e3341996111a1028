/** The `http` section of `connector.yaml`: what all calls of a connector have in common. */
import { type Static, Type } from 'typebox'
import { CallSchema, Parameters, SignSchema } from './manifest-call.ts'
import {
  Condition,
  DottedPath,
  DottedPaths,
  Duration,
  object,
  optional,
  strict,
  Text,
  words,
} from './manifest-parts.ts'

/**
 * What an answer means, where it is not the usual (answer.ts). `token`: the token is not taken, get a new one;
 * `absent`: there is no such thing; `page`: the token of the page has expired, the window begins again; `done`: what
 * was asked for is so already; `throttled`: as `transient`, and calls of this class wait for their budget to recover.
 */
export const REACTIONS = [
  'config',
  'token',
  'input',
  'absent',
  'conflict',
  'duplicate',
  'done',
  'transient',
  'throttled',
  'page',
  'unknown',
] as const
export type Reaction = (typeof REACTIONS)[number]
const ReactionSchema = words(...REACTIONS)

/** Instants as the API writes them: a word, or a format with its zone. */
export const ClockSchema = Type.Union([
  words('iso', 'seconds', 'milliseconds'),
  object({
    /** `yyyy`, `MM`, `dd`, `HH`, `mm`, `ss`, `SSS`; anything else stands for itself. */
    format: Text,
    /** IANA name or offset, or a setting that holds one. */
    zone: Text,
  }),
])
export type Clock = Static<typeof ClockSchema>

/** How an answer of status 2xx tells success from failure. */
export const AnswerSchema = object({
  /** True for success. Where it is left out, an answer that has a `code` that `codes` knows is none. */
  ok: optional(Condition),
  /** Paths. The first that is there is the code; the first that is listed in `codes` says what it means. */
  code: optional(DottedPaths),
  message: optional(DottedPaths),
  /** Codes (a `*` at the end stands for any rest) and what they mean. */
  codes: optional(Type.Record(Type.String(), ReactionSchema, strict)),
  /** Of codes that are not listed; default `unknown`, which fails a read and leaves a write in doubt. */
  otherwise: optional(ReactionSchema),
})
export type AnswerManifest = Static<typeof AnswerSchema>

/** `{token}` of headers and parameters, when it must be got first. */
const TokenSchema = object({
  /** Gets one. Left out where only a person can (by giving the platform his consent). */
  get: optional(CallSchema),
  /** Renews it; knows `{refresh}`. */
  refresh: optional(CallSchema),
  /** Where the answer holds token, its life (seconds from now, or an instant of `expiresAt`) and the next refresh token. */
  token: DottedPath,
  expires: optional(DottedPath),
  expiresAt: optional(DottedPath),
  refreshToken: optional(DottedPath),
  /** What else of the answer is kept with the token, for hooks: name → path. */
  extra: optional(Type.Record(Type.String(), DottedPath)),
  /** First ones, given by a person: templates over the settings. */
  first: optional(object({ token: optional(Text), refresh: optional(Text) })),
  /** OAuth 2 `client_secret_basic`: both calls carry these as their credentials (RFC 6749, section 2.3.1). */
  client: optional(object({ id: Text, secret: Text })),
  /** Renewed this long before its end; default 5m. */
  ahead: optional(Duration),
})
export type TokenManifest = Static<typeof TokenSchema>

/** How often one class of calls may be made; see docs/guide/limits.md. */
const LimitSchema = object({
  /** Calls (or points, where the remote counts those) per time. */
  calls: Type.Integer({ minimum: 1 }),
  per: Duration,
  /** How many may go at once after a quiet time; default 1: they are spread evenly. */
  burst: optional(Type.Integer({ minimum: 1 })),
  /** How answers tell what the limit is now: by a query's cost, or in these headers. */
  announced: optional(
    Type.Union([
      Type.Literal('shopify-cost'),
      object({ rate: optional(Text), remaining: optional(Text), reset: optional(Text) }),
    ]),
  ),
})
export type LimitManifest = Static<typeof LimitSchema>

export const HttpSchema = object({
  base: Text,
  headers: optional(Type.Record(Type.String(), Type.String())),
  auth: optional(
    Type.Union([
      object({ header: Text, value: Text }),
      object({ bearer: Text }),
      object({ basic: object({ user: Text, password: Type.String() }) }),
    ]),
  ),
  token: optional(TokenSchema),
  /** Sent with every declared call; templates also know `{now}` (by `clock`) and `{nonce}`. */
  query: optional(Parameters),
  /** The same with every declared call that posts a form. */
  form: optional(Parameters),
  sign: optional(SignSchema),
  clock: optional(ClockSchema),
  /** Of what we send: UTF-8 unless said otherwise. */
  charset: optional(Text),
  /** How answers to declared calls are written; default json. */
  answers: optional(words('json', 'xml')),
  answer: optional(AnswerSchema),
  timeout: optional(Duration),
  /** Largest answer that is read, in bytes. */
  limit: optional(Type.Integer({ minimum: 1024 })),
  /** By class; `default` is for whatever names none. */
  limits: optional(
    Type.Record(
      Type.String({
        pattern: '^[a-z][a-z0-9-]*$',
        description: 'small letters, digits and hyphens',
        zh: '小写字母、数字和连字符',
      }),
      LimitSchema,
      strict,
    ),
  ),
  errors: optional(
    Type.Record(
      Type.String({
        pattern: '^([1-5]\\d\\d|[1-5]xx)$',
        description: 'a status like 404 or 5xx',
        zh: '状态码，例如 404 或 5xx',
      }),
      ReactionSchema,
      strict,
    ),
  ),
})
export type HttpManifest = Static<typeof HttpSchema>
