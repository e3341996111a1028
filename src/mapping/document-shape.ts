/** The documents' schemas as mappings see them: which fields there are, of which type, and which must be there. */
import { Decimal } from '../core/documents/parts.ts'
import { SCHEMAS } from '../core/documents/schemas.ts'
import type { DocumentKind } from '../core/ports.ts'
import { anyOf, MONEY, objectOf, type Shape, shapeOfValue, TEXT, UNKNOWN } from './shape.ts'

/** Fields that the pipe fills in. */
const NOT_MAPPED = ['connection', 'entity']

/** What a field holds. `object` and `list` have `fields` of their own; `open`: whatever a mapping puts there. */
export type FieldType =
  | 'money'
  | 'decimal'
  | 'instant'
  | 'text'
  | 'boolean'
  | 'word'
  | 'object'
  | 'list'
  | 'open'

/** One field of a document. */
export interface DocumentField {
  name: string
  type: FieldType
  required: boolean
  /** What may stand there, of a `word`. */
  words: string[]
  /** Of an object, or of a list's items; a list without fields holds text. */
  fields: DocumentField[]
  /** What the schema says of it. */
  description: string
}

interface Schema {
  type?: string
  description?: string
  pattern?: string
  format?: string
  const?: unknown
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
}

/** The fields of a kind of document that mappings set; null when `kind` is not one. */
export function documentFields(kind: string): DocumentField[] | null {
  if (!Object.hasOwn(SCHEMAS, kind)) return null
  const fields = fieldsOf(SCHEMAS[kind as DocumentKind] as unknown as Schema)
  return fields.filter((f) => !NOT_MAPPED.includes(f.name))
}

function fieldsOf(schema: Schema): DocumentField[] {
  const required = schema.required ?? []
  return Object.entries(schema.properties ?? {}).map(([name, one]) => ({
    name,
    required: required.includes(name),
    description: one.description ?? '',
    ...typed(one),
  }))
}

/** A word that may be null is a union in a union. */
function branchesOf(schema: Schema): Schema[] {
  return schema.anyOf ? schema.anyOf.flatMap(branchesOf) : [schema]
}

function typed(given: Schema): Pick<DocumentField, 'type' | 'words' | 'fields'> {
  const branches = branchesOf(given).filter((s) => s.type !== 'null')
  const none = { words: [], fields: [] }
  if (branches.length > 0 && branches.every((s) => s.const !== undefined)) {
    return { type: 'word', words: branches.map((s) => String(s.const)), fields: [] }
  }
  const schema = branches[0]!
  if (schema.type === 'integer') return { type: 'money', ...none }
  if (schema.type === 'boolean') return { type: 'boolean', ...none }
  if (schema.type === 'array') return { type: 'list', words: [], fields: fieldsOf(schema.items ?? {}) }
  if (schema.type === 'object' && schema.properties) {
    return { type: 'object', words: [], fields: fieldsOf(schema) }
  }
  if (schema.type !== 'string') return { type: 'open', ...none }
  if (schema.pattern === (Decimal as Schema).pattern) return { type: 'decimal', ...none }
  return { type: schema.format === 'date-time' ? 'instant' : 'text', ...none }
}

/** What an outgoing mapping reads; null when `kind` is no document. */
export function documentShape(kind: string): Shape | null {
  const fields = Object.hasOwn(SCHEMAS, kind)
    ? fieldsOf(SCHEMAS[kind as DocumentKind] as unknown as Schema)
    : null
  return fields ? shapeOfFields(fields) : null
}

function shapeOfFields(fields: DocumentField[]): Shape {
  return objectOf(new Map(fields.map((f) => [f.name, shapeOfField(f)])))
}

function shapeOfField({ name, type, fields }: DocumentField): Shape {
  if (type === 'money') return MONEY
  if (name === 'unitPrice') return { ...TEXT, money: true }
  if (type === 'open') return UNKNOWN
  if (type === 'boolean') return shapeOfValue(true)
  return fields.length > 0 ? shapeOfFields(fields) : TEXT
}

/** A row of `$rows(order)`. */
export function rowShape(): Shape {
  const order = documentFields('order')!
  const of = (name: string) => shapeOfFields(order.find((f) => f.name === name)!.fields)
  const amounts = ['gross', 'net', 'tax', 'discount'].map((name) => [name, MONEY] as const)
  const texts = ['ref', 'kind', 'quantity', 'taxRate'].map((name) => [name, TEXT] as const)
  const rest = [
    ['number', shapeOfValue(1)],
    ['line', of('lines')],
    ['charge', of('charges')],
  ] as const
  return objectOf(new Map<string, Shape>([...amounts, ...texts, ...rest]))
}

/** Everything that the samples show together; null without samples. */
export function sampleShape(samples: readonly unknown[]): Shape | null {
  return samples.length === 0 ? null : anyOf(samples.map((s) => shapeOfValue(s)))
}
