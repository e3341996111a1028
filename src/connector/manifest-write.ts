/** The `write` section of `connector.yaml`: documents that can be written. */
import { type Static, Type } from 'typebox'
import { CALL, CallSchema } from './manifest-call.ts'
import { AnswerSchema } from './manifest-http.ts'
import {
  Condition,
  DottedPath,
  Duration,
  DurationOrSetting,
  object,
  optional,
  Text,
  words,
} from './manifest-parts.ts'

/** One name of what is sent. */
const Sent = Type.String({
  pattern: '^\\{(document|key)(\\.[\\w-]+)*\\}$',
  description: 'a name of what is sent, like {document.sku}',
  zh: '所发送内容中的名称，例如 {document.sku}',
})

/** A JSONata expression over the answer of a find; `$document` is what was sent, `$key` its push key. */
const Hits = Type.String({
  minLength: 1,
  description: 'a JSONata expression such as parcels[number = $document.number]',
  zh: 'JSONata 表达式，例如 parcels[number = $document.number]',
})

/** Where a remote's own document states what the push protocol compares. */
const RemoteSchema = object({
  /** A path; or a template (`{document.sku}`) where answers name none and what was sent identifies it. */
  id: Type.Union([DottedPath, Sent]),
  number: optional(DottedPath),
  total: optional(DottedPath),
  /** A list (counted) or a number. */
  lines: optional(DottedPath),
  state: optional(DottedPath),
  /** Values of `state` that mean: the last step is done. */
  final: optional(Type.Array(Type.String(), { minItems: 1 })),
})

/** A step after the first write, such as confirming a draft. */
const StepSchema = object({
  ...CALL,
  /** Over the remote's document as `find` gives it: true when this step needs no doing (any more). */
  done: Condition,
})
export type StepManifest = Static<typeof StepSchema>

/** Of answers to several documents at once: one result for each. */
const ResultsSchema = object({
  each: DottedPath,
  /** Which document a result is about: the path of the push key in it; without, results come in the order sent. */
  key: optional(DottedPath),
  /** As `http.answer`, over one result. */
  answer: optional(AnswerSchema),
})

export const WriteSchema = object({
  ...CALL,
  class: words('find', 'resend-safe', 'none'),
  /** Documents per request; `{documents}` are all of them, and `results` tells what became of each. */
  batch: optional(Type.Integer({ minimum: 1 })),
  results: optional(ResultsSchema),
  /** A duration, or `{name}`: a setting that holds one. */
  settle: optional(DurationOrSetting),
  timeout: optional(Duration),
  drafts: optional(Type.Boolean()),
  acknowledged: optional(Type.Boolean()),
  acknowledgeWithin: optional(Duration),
  mapping: optional(Text),
  /** Where the mapped value goes, unless a template of the call names `{document}`; default json. */
  as: optional(words('json', 'form', 'query', 'xml')),
  /** Dotted path in the body where the push key is put, and by which hits of a find are filtered. */
  key: optional(DottedPath),
  remote: optional(RemoteSchema),
  /** Where a write's answer holds the document; default: the whole answer. */
  answer: optional(DottedPath),
  /** Codes that mean something else here than in `http.answer`. */
  codes: optional(AnswerSchema),
  /** `hits`: instead of `each`, for answers that hold our document among or inside others. */
  find: optional(object({ ...CALL, each: optional(DottedPath), hits: optional(Hits) })),
  /** Reads the remote's document by `{id}`, for steps; without, `find` does. */
  read: optional(object({ ...CALL, each: optional(DottedPath) })),
  steps: optional(Type.Array(StepSchema, { minItems: 1 })),
  discard: optional(CallSchema),
  /** Dotted paths in the rendered body: what a find is compared with. */
  check: optional(
    object({ number: optional(DottedPath), total: optional(DottedPath), lines: optional(DottedPath) }),
  ),
})
export type WriteManifest = Static<typeof WriteSchema>
