/** What the API gives about configurations; see api-schemas.ts. */
import { type TSchema, Type } from 'typebox'

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const words = (values: string[]) => Type.Union(values.map((v) => Type.Literal(v)))
const Instant = Type.String({ format: 'date-time' })
const Bilingual = Type.Object({ en: Type.String(), zh: Type.String() })

export const ActivationQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    after: Type.Optional(Type.String({ maxLength: 500, description: '`next` of the page before' })),
  },
  { additionalProperties: false },
)

const summary = {
  id: Type.String(),
  configuration: Type.String({ description: 'the same for activations of the same configuration' }),
  hash: Type.String(),
  from: nullable(Type.String({ description: 'the configuration before' })),
  kind: words(['start', 'apply', 'rollback']),
  at: Instant,
  by: Type.String(),
  why: nullable(Type.String()),
}
export const ActivationSummary = Type.Object(summary)

const Process = Type.Object({
  id: Type.String(),
  role: words(['all', 'serve', 'work']),
  host: Type.String(),
  pid: Type.Integer(),
  version: Type.String(),
  startedAt: Instant,
  activation: nullable(Type.String({ description: 'what it runs by' })),
  refused: nullable(Type.String({ description: 'what it could not take over' })),
  problem: nullable(Type.Object({ code: Type.String(), say: Bilingual, fix: Bilingual })),
  fileDiffers: Type.Boolean({ description: 'its file said something else than the active configuration' }),
})

export const ConfigurationState = Type.Object({
  active: nullable(ActivationSummary),
  applied: Type.Boolean({ description: 'false: each process runs by its own file' }),
  processes: Type.Array(Process),
  replanning: Type.Boolean(),
})

const Used = Type.Record(Type.String(), Type.Object({ own: Type.Boolean(), version: Type.String() }))

export const ConfigurationDetail = Type.Object({
  ...summary,
  files: Type.Record(Type.String(), Type.String(), {
    description: 'by path; secrets are marked, never there',
  }),
  uses: Type.Object({ tributary: Type.String(), connectors: Used, mappings: Used }),
})
