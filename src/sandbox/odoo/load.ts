/**
 * `load(fields, data)`: the import, which is also the one call that creates or updates by an external id
 * (global.md §9). A row whose columns outside a one2many are all empty continues the record above. Lines
 * without an external id of their own are added anew by every load.
 */
import { OdooError, validationError } from './errors.ts'
import type { Call, Env, Field, Method, Model, Values } from './model.ts'
import { createRecord, fieldOf, modelOf, rowsOf, writeRecords } from './records.ts'
import { searchRows } from './search.ts'
import { instantIn } from './zone.ts'

interface Message {
  type: 'error' | 'warning'
  message: string
  rows: { from: number; to: number }
  record: number
  field?: string
  field_name?: string
}

/** One record as it stands in the rows: column path → cells, the first row's own and each line's. */
interface Span {
  from: number
  rows: readonly (readonly unknown[])[]
}

interface Job {
  env: Env
  /** Default module of external ids without one. */
  module: string
  log(message: string, field: Field | null, type?: Message['type']): void
}

const isEmpty = (cell: unknown) => cell === '' || cell === false || cell === null || cell === undefined
/** `order_line:id` and `partner_id.id` are older ways to write the paths. */
const pathOf = (name: string) =>
  name
    .replace(/([^/])\.id$/, '$1/.id')
    .replace(/([^/]):id$/, '$1/id')
    .split('/')

function isMany(model: Model, path: readonly string[]): boolean {
  return path[0] !== '.id' && model.fields.get(path[0]!)?.type === 'one2many'
}

/** Splits the rows into records. */
function spansOf(model: Model, paths: readonly string[][], data: readonly (readonly unknown[])[]): Span[] {
  const spans: { from: number; rows: (readonly unknown[])[] }[] = []
  for (const [at, row] of data.entries()) {
    const own = paths.some((path, i) => !isMany(model, path) && !isEmpty(row[i]))
    const lines = paths.some((path, i) => isMany(model, path) && !isEmpty(row[i]))
    if (spans.length > 0 && !own && lines) spans.at(-1)!.rows.push(row)
    else spans.push({ from: at, rows: [row] })
  }
  return spans
}

function xmlidOf(job: Job, text: string): string {
  return text.includes('.') ? text : `${job.module}.${text}`
}

/** What an external id stands for; null when it is free or its record is gone. */
function resolve(job: Job, model: Model, text: string): number | null {
  const { store } = job.env
  const xmlid = xmlidOf(job, text)
  const [data] = [...store.withValue('ir.model.data', 'complete_name', xmlid)].map(
    (id) => store.get('ir.model.data', id)!,
  )
  if (!data) return null
  if (data.model !== model.name) {
    throw validationError(
      `For external id ${xmlid} when trying to create/update a record of model ${model.name} found record of different model ${data.model} (${data.res_id})`,
    )
  }
  return store.get(model.name, data.res_id as number) ? (data.res_id as number) : null
}

function register(job: Job, model: Model, text: string, id: number): void {
  const [module, ...name] = xmlidOf(job, text).split('.')
  createRecord(job.env, modelOf(job.env, 'ir.model.data'), {
    module,
    name: name.join('.'),
    model: model.name,
    res_id: id,
  })
}

const NOT_FOUND = { '': 'name', id: 'external id', '.id': 'database id' } as const

/** A reference in one of its three notations; undefined after a complaint. */
function reference(job: Job, field: Field, how: '' | 'id' | '.id', text: string): number | undefined {
  const target = modelOf(job.env, field.relation!)
  const exact = { ...job.env, context: { ...job.env.context, active_test: false } }
  const found =
    how === 'id'
      ? [resolve(job, target, text)].filter((id) => id !== null)
      : how === '.id'
        ? searchRows(exact, target, [['id', '=', Number(text)]], {}, true).map((row) => row.id)
        : named(job.env, target, text)
  if (found.length === 0) {
    job.log(`No matching record found for ${NOT_FOUND[how]} '${text}' in field '${field.label}'`, field)
    return undefined
  }
  if (found.length > 1) {
    const text_ = `Found multiple matches for value '${text}' in field '${field.label}' (${found.length} matches)`
    job.log(text_, field, 'warning')
  }
  return found[0]
}

/** Records by what they are called: some models answer to a code as well. */
function named(env: Env, target: Model, text: string): number[] {
  for (const field of ['default_code', 'ref', 'login', 'code', 'display_name']) {
    if (!target.fields.has(field)) continue
    const rows = searchRows(env, target, [[field, '=', text]], {}, true)
    if (rows.length > 0) return rows.map((row) => row.id)
  }
  return []
}

const YES = new Set(['1', 'true', 'yes'])
const NO = new Set(['', '0', 'false', 'no'])

/** A cell as the value that `create` takes; undefined after a complaint. */
function scalar(job: Job, field: Field, cell: unknown): unknown {
  const text = String(cell)
  const wrong = (what: string) => {
    job.log(`'${text}' does not seem to be ${what} for field '${field.label}'`, field)
    return undefined
  }
  switch (field.type) {
    case 'boolean':
      if (typeof cell === 'boolean' || YES.has(text.toLowerCase())) return cell !== false
      return NO.has(text.toLowerCase()) ? false : wrong('a valid boolean')
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : wrong('an integer')
    case 'float':
    case 'monetary':
      return /^-?(\d+\.?\d*|\.\d+)$/.test(text) ? text : wrong('a number')
    case 'date':
      return /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : wrong('a valid date')
    case 'datetime':
      if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return wrong('a valid datetime')
      return instantIn(text, String(job.env.context.tz || job.env.options.zone || 'UTC'))
    case 'selection': {
      const value = field.values.find((one) => one === text || one.toLowerCase() === text.toLowerCase())
      if (value === undefined) job.log(`Value '${text}' not found in selection field '${field.label}'`, field)
      return value
    }
    default:
      return text
  }
}

function relational(job: Job, field: Field, rest: readonly string[], cell: unknown): unknown {
  const how = (rest[0] ?? '') as '' | 'id' | '.id'
  if (field.type === 'many2one') return isEmpty(cell) ? false : reference(job, field, how, String(cell))
  const parts = isEmpty(cell) ? [] : String(cell).split(',')
  const ids = parts.map((part) => reference(job, field, how, part.trim()))
  return ids.includes(undefined) ? undefined : [[6, 0, ids]]
}

/** The commands of a one2many: one line for every row that has something in its columns. */
function lines(job: Job, field: Field, paths: readonly string[][], rows: readonly (readonly unknown[])[]) {
  const target = modelOf(job.env, field.relation!)
  const commands: unknown[][] = []
  const registers: { xmlid: string; at: number }[] = []
  for (const row of rows) {
    if (row.every(isEmpty)) continue
    const { xmlid, id, values } = recordOf(job, target, paths, [row])
    const known = id ?? (xmlid === null ? null : resolve(job, target, xmlid))
    if (known !== null) commands.push([4, known], [1, known, values])
    else {
      if (xmlid !== null) registers.push({ xmlid, at: commands.length })
      commands.push([0, 0, values])
    }
  }
  return { field, target, commands, registers }
}

type Lines = ReturnType<typeof lines>

/** Reads one record's rows into values. */
function recordOf(job: Job, model: Model, paths: readonly string[][], rows: Span['rows']) {
  const values: Values = {}
  const many = new Map<string, number[]>()
  let xmlid: string | null = null
  let id: number | null = null
  for (const [i, [name, ...rest]] of paths.entries()) {
    const cell = rows[0]![i]
    if (name === 'id') xmlid = isEmpty(cell) ? null : String(cell)
    else if (name === '.id') id = isEmpty(cell) ? null : Number(cell)
    else {
      const field = fieldOf(model, name!)
      if (field.type === 'one2many') many.set(name!, [...(many.get(name!) ?? []), i])
      else {
        const plain = field.relation === null
        const value = !plain
          ? relational(job, field, rest, cell)
          : isEmpty(cell)
            ? false
            : scalar(job, field, cell)
        if (value !== undefined) values[name!] = value
      }
    }
  }
  const below: Lines[] = []
  for (const [name, columns] of many) {
    const inner = columns.map((i) => paths[i]!.slice(1))
    const cells = rows.map((row) => columns.map((i) => row[i]))
    below.push(lines(job, fieldOf(model, name), inner, cells))
  }
  return { xmlid, id, values, below }
}

/** Creates or updates one record with its lines, and registers the external ids that are new. */
function put(job: Job, model: Model, record: ReturnType<typeof recordOf>): number {
  const { env } = job
  const known = record.id ?? (record.xmlid === null ? null : resolve(job, model, record.xmlid))
  if (record.id !== null) rowsOf(env, model, [record.id])
  const commands = Object.fromEntries(record.below.map((one) => [one.field.name, one.commands]))
  const under = (one: Lines, owner: number) => [
    ...env.store.withValue(one.target.name, one.field.inverse!, owner),
  ]
  const before = new Map(record.below.map((one) => [one, known === null ? [] : under(one, known)]))
  let id = known
  if (id === null) id = createRecord(env, model, { ...record.values, ...commands })
  else writeRecords(env, model, [id], { ...record.values, ...commands })
  if (record.xmlid !== null && known === null) register(job, model, record.xmlid, id)
  for (const one of record.below) {
    // New lines come into being in the order of their commands.
    const made = under(one, id).filter((key) => !before.get(one)!.includes(key))
    made.sort((a, b) => a - b)
    const creating = one.commands.flatMap(([code], at) => (code === 0 ? [at] : []))
    for (const { xmlid, at } of one.registers) register(job, one.target, xmlid, made[creating.indexOf(at)]!)
  }
  return id
}

/** Answers `{ids, messages, nextrow}`; with any error `ids` is false and nothing is kept. */
function load({ env, model, args }: Call): unknown {
  const paths = (args.fields as string[]).map(pathOf)
  for (const path of paths) if (path[0] !== 'id' && path[0] !== '.id') fieldOf(model, path[0]!)
  const messages: Message[] = []
  const ids: number[] = []
  const spans = spansOf(model, paths, args.data as unknown[][])
  for (const [n, { from, rows }] of spans.entries()) {
    const where = { rows: { from, to: from + rows.length - 1 }, record: n }
    const log: Job['log'] = (message, field, type = 'error') => {
      const named = field ? { field: field.name, field_name: field.label } : {}
      messages.push({ type, message, ...where, ...named })
    }
    const job: Job = { env, module: String(env.context.module ?? '__import__'), log }
    const failed = messages.length
    try {
      const record = recordOf(job, model, paths, rows)
      if (!messages.slice(failed).some(({ type }) => type === 'error')) ids.push(put(job, model, record))
    } catch (cause) {
      if (!(cause instanceof OdooError)) throw cause
      messages.push({ type: 'error', message: cause.message, ...where })
    }
  }
  const bad = messages.some(({ type }) => type === 'error')
  if (bad) throw new Discarded({ ids: false, messages, nextrow: 0 })
  return { ids, messages, nextrow: 0 }
}

/** Thrown to undo the transaction and answer nevertheless. */
export class Discarded extends Error {
  readonly answer: unknown
  constructor(answer: unknown) {
    super('nothing was kept')
    this.answer = answer
  }
}

export const LOAD: Method = { on: 'model', params: ['fields', 'data'], run: load }
