/**
 * What a model is: its fields, its rules and the methods that may be called from outside. Field tables are
 * texts with one field a line, `name type flags`:
 *
 *   partner_id many2one:res.partner required index    tax_ids many2many:account.tax 19+
 *   order_line one2many:sale.order.line:order_id      state selection:draft|sent|sale =draft
 *   price_unit float:price                            qty_available float:qty virtual
 *
 * Flags: `required`, `index`, `cascade` (deleted with what it points to), `computed` (stored, but what callers
 * write is ignored), `virtual` (worked out when read), `=value` (default), `18-` and `19+` (series).
 */
import type { OdooOptions, Series } from './options.ts'
import type { Row, Store, Value } from './store.ts'

export type FieldType =
  | 'char'
  | 'text'
  | 'html'
  | 'integer'
  | 'float'
  | 'monetary'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'selection'
  | 'many2one'
  | 'one2many'
  | 'many2many'

/** How a float is rounded when it is written; none: not at all. */
export type Digits = 'price' | 'qty' | 'discount' | null

export interface Field {
  readonly name: string
  readonly type: FieldType
  readonly label: string
  readonly relation: string | null
  /** The many2one on the other side of a one2many. */
  readonly inverse: string | null
  readonly values: readonly string[]
  readonly digits: Digits
  readonly initial: Value | null
  readonly required: boolean
  readonly index: boolean
  readonly cascade: boolean
  readonly computed: boolean
  readonly virtual: boolean
}

/** Named values as a caller gave them (JSON) or, in hooks, as they are stored. */
export type Values = Record<string, unknown>

/** One call: who, when, with which context. */
export interface Env {
  readonly store: Store
  readonly models: ReadonlyMap<string, Model>
  readonly options: OdooOptions
  readonly version: Series
  readonly uid: number
  readonly context: Readonly<Values>
  /** Start of the transaction, "YYYY-MM-DD HH:MM:SS.mmm" in UTC: the one instant of all it writes. */
  readonly now: string
}

/** A method that can be called from outside. */
export interface Method {
  /** `model`: needs no records; `record`: works on ids. */
  readonly on: 'model' | 'record'
  /** Argument names in Python's order; a trailing `?` marks one with a default. */
  readonly params: readonly string[]
  run(call: Call): unknown
}

/** A method on records without arguments: what a button of a form calls. */
export const button = (run: Method['run']): Method => ({ on: 'record', params: [], run })

export interface Call {
  readonly env: Env
  readonly model: Model
  readonly ids: readonly number[]
  readonly args: Readonly<Values>
}

/** The rules of one model. */
export interface Rules {
  /** Fills in what was not given before a record is created; `row` holds stored values. */
  defaults?(env: Env, row: Values): void
  /** Work after records were written, or one created; `changed` are the fields given, `before` the old rows. */
  written?(
    env: Env,
    ids: readonly number[],
    changed: ReadonlySet<string>,
    created: boolean,
    before: readonly Row[],
  ): void
  /** Throws when these records must not be written so. */
  guard?(env: Env, rows: readonly Row[], values: Values): void
  /** Throws when these records must not be deleted. */
  deletable?(env: Env, rows: readonly Row[]): void
  /** Work after records were deleted; `rows` are what they were. */
  deleted?(env: Env, rows: readonly Row[]): void
  /** Values of `virtual` fields. */
  virtual?: Readonly<Record<string, (env: Env, row: Row) => Value>>
  display?(env: Env, row: Row): string
  methods?: Readonly<Record<string, Method>>
}

export interface Model extends Required<Pick<Rules, 'methods'>> {
  readonly name: string
  /** As Odoo calls it in its messages. */
  readonly title: string
  readonly fields: ReadonlyMap<string, Field>
  readonly order: string
  readonly rules: Rules
}

const MAGIC = `
  display_name char virtual
  create_date datetime computed
  write_date datetime computed
  create_uid many2one:res.users computed
  write_uid many2one:res.users computed`

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

function labelOf(name: string): string {
  return capital(name.replace(/_ids?$/, '').replaceAll('_', ' '))
}

function inSeries(flag: string, version: Series): boolean {
  const m = /^(\d\d)([+-])$/.exec(flag)
  if (!m) return true
  return m[2] === '+' ? version >= Number(m[1]) : version <= Number(m[1])
}

function initialOf(type: FieldType, flags: readonly string[]): Value | null {
  const text = flags.find((flag) => flag.startsWith('='))?.slice(1)
  if (text === undefined) return null
  if (type === 'boolean') return text === 'true'
  return type === 'integer' ? Number(text) : text
}

/** One line of a field table. */
export function parseField(line: string): Field & { flags: readonly string[] } {
  const [name = '', shape = '', ...flags] = line.trim().split(/\s+/)
  const [type, ...parts] = shape.split(':') as [FieldType, ...string[]]
  const relational = type === 'many2one' || type === 'one2many' || type === 'many2many'
  return {
    name,
    type,
    label: labelOf(name),
    relation: relational ? parts[0]! : null,
    inverse: type === 'one2many' ? parts[1]! : null,
    values: type === 'selection' ? parts[0]!.split('|') : [],
    digits: type === 'float' ? ((parts[0] ?? null) as Digits) : null,
    initial: initialOf(type, flags),
    required: flags.includes('required'),
    index: flags.includes('index'),
    cascade: flags.includes('cascade'),
    computed: flags.includes('computed') || flags.includes('virtual'),
    virtual: flags.includes('virtual'),
    flags,
  }
}

/** Reads a field table for one series; the fields that every model has are added. */
export function fieldsOf(table: string, version: Series): Map<string, Field> {
  const lines = `${table}${MAGIC}`.split('\n').filter((line) => line.trim() !== '')
  const fields = lines.map(parseField).filter(({ flags }) => flags.every((flag) => inSeries(flag, version)))
  return new Map([
    ['id', { ...parseField('id integer computed'), label: 'ID' }],
    ...fields.map((field) => [field.name, field] as const),
  ])
}
