/**
 * The vocabulary of `connector.yaml`: one schema for validation, the reference page and editors. What YAML
 * cannot say is a hook of the same name in `hooks.ts` (see connectors/README.md).
 *
 * Templates: `{name}` in a text is a setting; paths also know `{key}` and `{id}` (writes), `{since}`,
 * `{until}`, `{page}`, `{offset}` and `{next}` (lists), `{id}` (fetch). Dotted paths (`data.order.id`) point
 * into an answer.
 */
import { type Static, type TSchema, Type } from 'typebox'
import type { Phrase } from '../core/errors/error.ts'
import { DOCUMENT_KINDS } from '../core/states.ts'
import { DURATION_PATTERN } from '../core/time.ts'
import { nearest, parseYaml, type YamlFail, type YamlPath, yamlFailure, yamlProblems } from '../core/yaml.ts'
import { oneOf } from '../core/yaml-words.ts'

const strict = { additionalProperties: false } as const
const object = <T extends Record<string, TSchema>>(properties: T) => Type.Object(properties, strict)
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema)
const words = <T extends string>(...values: T[]) => Type.Union(values.map((v) => Type.Literal(v)))
const Text = Type.String({ minLength: 1 })
const Duration = Type.String({
  pattern: DURATION_PATTERN,
  description: 'a duration like 500ms, 10s, 5m or 2h',
  zh: '时长，例如 500ms、10s、5m 或 2h',
})
const DurationOrSetting = Type.String({
  pattern: '^((\\d+(ms|s|m|h|d|w))+|\\{\\w+\\})$',
  description: 'a duration like 30s, or a setting that holds one: {settle}',
  zh: '时长，例如 30s，或保存时长的设置项：{settle}',
})
const DottedPath = Type.String({
  pattern: '^[^.\\s{}]+(\\.[^.\\s{}]+)*$',
  description: 'a dotted path like data.order.id',
  zh: '点分路径，例如 data.order.id',
})
const RelativePath = Type.String({
  pattern: '^/',
  description: 'a path that begins with /, relative to http.base',
  zh: '以 / 开头、相对于 http.base 的路径',
})
const Kind = words(...DOCUMENT_KINDS)

/** One setting: validation, the console's form and the reference page come from it. */
export const SettingSchema = object({
  type: words('string', 'integer', 'decimal', 'boolean', 'list', 'map'),
  description: Text,
  /** The description in Chinese. */
  zh: optional(Text),
  secret: optional(Type.Boolean()),
  /** A text default may name other settings: `https://{shop}.example.com`. */
  default: optional(Type.Unknown()),
  optional: optional(Type.Boolean()),
  values: optional(Type.Array(Text, { minItems: 1 })),
})
export type Setting = Static<typeof SettingSchema>

/** What an HTTP status means, where it is not the usual (see client.ts). */
const Reaction = words('config', 'input', 'conflict', 'duplicate', 'transient', 'unknown')
export type Reaction = 'config' | 'input' | 'conflict' | 'duplicate' | 'transient' | 'unknown'

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
/** The class of a call's limit. */
const LimitName = Text

const HttpSchema = object({
  base: Text,
  headers: optional(Type.Record(Type.String(), Type.String())),
  auth: optional(
    Type.Union([
      object({ header: Text, value: Text }),
      object({ bearer: Text }),
      object({ basic: object({ user: Text, password: Type.String() }) }),
    ]),
  ),
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
      Reaction,
      strict,
    ),
  ),
})

/** A plain GET list. One record per element of `each`. */
const ListSchema = object({
  get: RelativePath,
  each: optional(DottedPath),
  id: DottedPath,
  /** Dotted path of the token of the next page, put into `{next}`. */
  next: optional(DottedPath),
  /** Records per page: with `{page}` or `{offset}`, a page with fewer is the last. */
  size: optional(Type.Integer({ minimum: 1 })),
  /** Number of the first page, default 1. */
  first: optional(Type.Integer({ minimum: 0 })),
  clock: optional(words('iso', 'seconds', 'milliseconds')),
})

const StreamSchema = object({
  document: Kind,
  every: optional(Text),
  lag: optional(Duration),
  overlap: optional(Duration),
  refresh: optional(Duration),
  shapes: Type.Record(Type.String(), Text),
  /** The shape of polled and fetched records; default: the first of `shapes`. */
  shape: optional(Text),
  list: optional(ListSchema),
  /** `limit`: the class of its calls, where it is not the stream's. */
  fetch: optional(object({ get: RelativePath, each: optional(DottedPath), limit: optional(LimitName) })),
  /** The class of the calls that read it; default `default`. */
  limit: optional(LimitName),
})

/** Where a remote's own document states what the push protocol compares. */
const RemoteSchema = object({
  id: DottedPath,
  number: optional(DottedPath),
  total: optional(DottedPath),
  /** A list (counted) or a number. */
  lines: optional(DottedPath),
  state: optional(DottedPath),
  /** Values of `state` that mean: the last step is done. */
  final: optional(Type.Array(Type.String(), { minItems: 1 })),
})

const WriteSchema = object({
  class: words('find', 'resend-safe', 'none'),
  batch: optional(Type.Integer({ minimum: 1 })),
  /** A duration, or `{name}`: a setting that holds one. */
  settle: optional(DurationOrSetting),
  timeout: optional(Duration),
  /** The class of its calls; default `default`. */
  limit: optional(LimitName),
  drafts: optional(Type.Boolean()),
  acknowledged: optional(Type.Boolean()),
  acknowledgeWithin: optional(Duration),
  mapping: optional(Text),
  post: optional(RelativePath),
  put: optional(RelativePath),
  /** Dotted path in the body where the push key is put, and by which hits of a find are filtered. */
  key: optional(DottedPath),
  remote: optional(RemoteSchema),
  /** Where a write's or confirm's answer holds the document; default: the whole answer. */
  answer: optional(DottedPath),
  find: optional(object({ get: RelativePath, each: optional(DottedPath) })),
  confirm: optional(object({ post: RelativePath })),
  discard: optional(object({ delete: RelativePath })),
  /** Dotted paths in the rendered body: what a find is compared with. */
  check: optional(
    object({ number: optional(DottedPath), total: optional(DottedPath), lines: optional(DottedPath) }),
  ),
})

const WebhookSchema = object({
  stream: Text,
  shape: optional(Text),
  verify: optional(
    object({
      hmac: words('sha256', 'sha1'),
      header: Text,
      encoding: words('base64', 'hex'),
      /** Text before the signature in the header, e.g. `sha256=`. */
      prefix: optional(Text),
      /** One or, for the time of a rotation, several; empty ones are left out. */
      secret: Type.Union([Text, Type.Array(Text, { minItems: 1 })]),
    }),
  ),
  /** For senders that cannot sign: a secret text in a header or in the address (`?token=…`). */
  token: optional(object({ secret: Text, header: optional(Text), query: optional(Text) })),
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

export const ManifestSchema = object({
  id: Type.String({
    pattern: '^[a-z][a-z0-9-]*$',
    description: 'small letters, digits and hyphens',
    zh: '小写字母、数字和连字符',
  }),
  title: Text,
  settings: Type.Record(
    Type.String({ pattern: '^[a-zA-Z][a-zA-Z0-9]*$', description: 'letters and digits', zh: '字母和数字' }),
    SettingSchema,
    strict,
  ),
  http: optional(HttpSchema),
  read: optional(Type.Record(Type.String(), StreamSchema)),
  write: optional(Type.Partial(Type.Record(Kind, WriteSchema, strict))),
  webhooks: optional(
    Type.Record(
      Type.String({
        pattern: '^[a-z0-9][a-z0-9_-]*$',
        description: 'small letters, digits, hyphens: it is part of the address',
        zh: '小写字母、数字和连字符：它是地址的一部分',
      }),
      WebhookSchema,
      strict,
    ),
  ),
  /** One harmless GET; `say` may name dotted paths of its answer: `Shop {shop.name}`. */
  check: optional(object({ get: RelativePath, say: optional(Text) })),
  /** What the write-back planner must respect, by document kind; free form until it is read. */
  capabilities: optional(Type.Record(Type.String(), Type.Unknown())),
  concurrency: optional(Type.Integer({ minimum: 1, maximum: 100 })),
})

export type Manifest = Static<typeof ManifestSchema>
export type StreamManifest = Static<typeof StreamSchema>
export type WriteManifest = Static<typeof WriteSchema>
export type WebhookManifest = Static<typeof WebhookSchema>

/**
 * Reads and checks a `connector.yaml`. Beyond the schema: shapes, streams and settings that are named must
 * exist. Throws TributaryError YAML_* naming file, line, column, field and the nearest spelling.
 */
export function readManifest(text: string, file: string, fail: YamlFail = yamlFailure): Manifest {
  const parsed = parseYaml(text, file, fail)
  const problems = yamlProblems(ManifestSchema, parsed)
  if (problems.length > 0) throw fail(problems)
  const manifest = parsed.value as Manifest
  const names = [...namesThatMustExist(manifest)].filter((n) => !n.known.includes(n.name))
  if (names.length > 0) {
    throw fail(
      names.map(({ path, name, known }) => ({
        code: 'YAML_VALUE',
        file,
        ...parsed.locate(path),
        field: path.join('.'),
        nearest: nearest(name, known),
        expected: known.length > 0 ? oneOf(known) : NOTHING_DECLARED,
        found: `"${name}"`,
      })),
    )
  }
  return manifest
}

const NOTHING_DECLARED: Phrase = {
  en: 'left out: nothing of that kind is declared',
  zh: '省略：没有声明这类内容',
}

interface Reference {
  path: YamlPath
  name: string
  known: string[]
}

/** Every name in a manifest that refers to something declared elsewhere in it. */
function* namesThatMustExist(manifest: Manifest): Generator<Reference> {
  const settings = Object.keys(manifest.settings)
  const streams = manifest.read ?? {}
  yield* settingsIn(manifest.http, ['http'], settings)
  for (const [name, setting] of Object.entries(manifest.settings)) {
    yield* settingsIn(setting.default, ['settings', name, 'default'], settings)
  }
  yield* limitNames(manifest)
  for (const [kind, write] of Object.entries(manifest.write ?? {})) {
    yield* settingsIn(write.settle, ['write', kind, 'settle'], settings)
  }
  for (const [name, stream] of Object.entries(streams)) {
    if (stream.shape)
      yield { path: ['read', name, 'shape'], name: stream.shape, known: Object.keys(stream.shapes) }
  }
  for (const [topic, webhook] of Object.entries(manifest.webhooks ?? {})) {
    const path = ['webhooks', topic]
    yield { path: [...path, 'stream'], name: webhook.stream, known: Object.keys(streams) }
    const shapes = Object.keys(streams[webhook.stream]?.shapes ?? {})
    if (webhook.shape) yield { path: [...path, 'shape'], name: webhook.shape, known: shapes }
    yield* settingsIn(webhook.token?.secret, [...path, 'token', 'secret'], settings)
    yield* settingsIn(webhook.verify?.secret, [...path, 'verify', 'secret'], settings)
  }
}

/** Classes of calls must be declared; `default` always is. */
function* limitNames({ http, read = {}, write = {} }: Manifest): Generator<Reference> {
  const known = [...new Set(['default', ...Object.keys(http?.limits ?? {})])]
  for (const [name, { limit, fetch }] of Object.entries(read)) {
    if (limit) yield { path: ['read', name, 'limit'], name: limit, known }
    if (fetch?.limit) yield { path: ['read', name, 'fetch', 'limit'], name: fetch.limit, known }
  }
  for (const [kind, { limit }] of Object.entries(write)) {
    if (limit) yield { path: ['write', kind, 'limit'], name: limit, known }
  }
}

/** The settings that the templates of a part of the manifest name. */
function* settingsIn(value: unknown, path: YamlPath, known: string[]): Generator<Reference> {
  if (typeof value === 'string') {
    for (const [, name] of value.matchAll(/\{(\w+)\}/g)) yield { path, name: name!, known }
  } else if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) yield* settingsIn(inner, [...path, key], known)
  }
}
