/**
 * The vocabulary of `connector.yaml`: one schema for validation, the reference page and editors, its sections in files
 * of their own. What YAML cannot say is a hook of the same name in `hooks.ts` (see connectors/README.md).
 */
import { type Static, Type } from 'typebox'
import { DOCUMENT_KINDS } from '../core/states.ts'
import { CALL } from './manifest-call.ts'
import { HttpSchema } from './manifest-http.ts'
import { object, optional, strict, Text, words } from './manifest-parts.ts'
import { StreamSchema } from './manifest-read.ts'
import { FilesSchema, SqlSchema } from './manifest-source.ts'
import { WebhookSchema } from './manifest-webhook.ts'
import { WriteSchema } from './manifest-write.ts'

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
  sql: optional(SqlSchema),
  files: optional(FilesSchema),
  read: optional(Type.Record(Type.String(), StreamSchema)),
  write: optional(Type.Partial(Type.Record(words(...DOCUMENT_KINDS), WriteSchema, strict))),
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
  /** One harmless call; `say` may name dotted paths of its answer: `Shop {shop.name}`. */
  check: optional(object({ ...CALL, say: optional(Text) })),
  /** What the write-back planner must respect, by document kind; free form until it is read. */
  capabilities: optional(Type.Record(Type.String(), Type.Unknown())),
  concurrency: optional(Type.Integer({ minimum: 1, maximum: 100 })),
})

export type Manifest = Static<typeof ManifestSchema>
