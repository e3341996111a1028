/** Pieces of the schema of `connector.yaml` that its sections share. */
import { type TSchema, Type } from 'typebox'
import { DURATION_PATTERN } from '../core/time.ts'

export const strict = { additionalProperties: false } as const
export const object = <T extends Record<string, TSchema>>(properties: T) => Type.Object(properties, strict)
export const optional = <T extends TSchema>(schema: T) => Type.Optional(schema)
/** One of these words. */
export const words = <T extends string>(...values: T[]) =>
  Type.Unsafe<T>(Type.Union(values.map((v) => Type.Literal(v))))

export const Text = Type.String({ minLength: 1 })

export const Duration = Type.String({
  pattern: DURATION_PATTERN,
  description: 'a duration like 500ms, 10s, 5m or 2h',
  zh: '时长，例如 500ms、10s、5m 或 2h',
})

export const DurationOrSetting = Type.String({
  pattern: '^((\\d+(ms|s|m|h|d|w))+|\\{\\w+\\})$',
  description: 'a duration like 30s, or a setting that holds one: {settle}',
  zh: '时长，例如 30s，或保存时长的设置项：{settle}',
})

export const DottedPath = Type.String({
  pattern: '^[^.\\s{}]+(\\.[^.\\s{}]+)*$',
  description: 'a dotted path like data.order.id',
  zh: '点分路径，例如 data.order.id',
})

/** One path, or several of which the first that is there counts. */
export const DottedPaths = Type.Union([DottedPath, Type.Array(DottedPath, { minItems: 1 })])

export const RelativePath = Type.String({
  pattern: '^/',
  description: 'a path that begins with /, relative to http.base',
  zh: '以 / 开头、相对于 http.base 的路径',
})

/** A JSONata expression that answers true or false. */
export const Condition = Type.String({
  minLength: 1,
  description: 'a JSONata expression such as code = 0',
  zh: 'JSONata 表达式，例如 code = 0',
})
