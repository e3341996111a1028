/** Creating, writing, deleting and reading records, with the commands for x2many fields (global.md §9). */
import { brokenReference, emptyColumn, missingError, validationError, valueError } from './errors.ts'
import type { Env, Field, Model, Values } from './model.ts'
import type { Row, Value } from './store.ts'
import { fieldValue, shownValue, storedValue } from './values.ts'

export function modelOf(env: Env, name: string): Model {
  return env.models.get(name)!
}

/** The existing rows of these ids. Throws MissingError when one does not exist. */
export function rowsOf(env: Env, model: Model, ids: readonly number[]): Row[] {
  const missing = ids.filter((id) => !env.store.get(model.name, id))
  if (missing.length > 0) throw missingError(model.name, missing, env.uid)
  return ids.map((id) => env.store.get(model.name, id)!)
}

/** The first record of an external id, "module.name". */
export function refOf(env: Env, xmlid: string): number {
  const [id] = env.store.withValue('ir.model.data', 'complete_name', xmlid)
  return Number(env.store.get('ir.model.data', id!)!.res_id)
}

/** The field a caller named. Throws ValueError. */
export function fieldOf(model: Model, name: string): Field {
  const field = model.fields.get(name)
  if (!field) throw valueError(`Invalid field '${name}' on model '${model.name}'`)
  return field
}

/** A change of one x2many field: plain ids stand for "exactly these". */
type Command = readonly [number, unknown?, unknown?]

function commandsOf(model: Model, field: Field, value: unknown): Command[] {
  if (value === false || value === null) return [[5]]
  if (!Array.isArray(value)) {
    throw valueError(`Wrong value for ${model.name}.${field.name}: ${JSON.stringify(value)}`)
  }
  if (value.every((one) => typeof one === 'number')) return [[6, 0, value]]
  for (const one of value) {
    if (!Array.isArray(one) || ![0, 1, 2, 3, 4, 5, 6].includes(one[0])) {
      throw valueError(`Wrong value for ${model.name}.${field.name}: ${JSON.stringify(one)}`)
    }
  }
  return value as Command[]
}

const isReference = ({ type }: Field) => type === 'one2many' || type === 'many2many'

function applyMany(
  env: Env,
  target: Model,
  commands: readonly Command[],
  before: readonly number[],
): number[] {
  const ids = new Set(before)
  for (const [code, first, second] of commands) {
    if (code === 0) ids.add(createRecord(env, target, second as Values))
    else if (code === 1) writeRecords(env, target, [Number(first)], second as Values)
    else if (code === 2) {
      ids.delete(Number(first))
      deleteRecords(env, target, [Number(first)])
    } else if (code === 3) ids.delete(Number(first))
    else if (code === 4) ids.add(Number(first))
    else ids.clear()
    if (code === 6) for (const id of second as number[]) ids.add(id)
  }
  const existing = [...ids].sort((a, b) => a - b)
  rowsOf(env, target, existing)
  return existing
}

function detach(env: Env, field: Field, target: Model, ids: readonly number[]): void {
  const inverse = target.fields.get(field.inverse!)!
  if (inverse.cascade || inverse.required) deleteRecords(env, target, ids)
  else writeRecords(env, target, ids, { [inverse.name]: false })
}

function applyOne(env: Env, field: Field, owner: number, commands: readonly Command[]): void {
  const target = modelOf(env, field.relation!)
  const own = () => [...env.store.withValue(target.name, field.inverse!, owner)]
  for (const [code, first, second] of commands) {
    const id = Number(first)
    if (code === 0) createRecord(env, target, { ...(second as Values), [field.inverse!]: owner })
    else if (code === 1) writeRecords(env, target, [id], second as Values)
    else if (code === 2) deleteRecords(env, target, [id])
    else if (code === 3) detach(env, field, target, [id])
    else if (code === 4) link(env, target, field, id, owner)
    else if (code === 5) detach(env, field, target, own())
    else {
      const wanted = second as number[]
      detach(
        env,
        field,
        target,
        own().filter((one) => !wanted.includes(one)),
      )
      for (const one of wanted) link(env, target, field, one, owner)
    }
  }
}

function link(env: Env, target: Model, field: Field, id: number, owner: number): void {
  const [row] = rowsOf(env, target, [id])
  if (row![field.inverse!] !== owner) writeRecords(env, target, [id], { [field.inverse!]: owner })
}

/** Splits what a caller gave into stored values and commands. `id` and computed fields are passed over. */
function taken(env: Env, model: Model, given: Values, before: Row | null) {
  const stored: Record<string, Value> = {}
  const commands: [Field, Command[]][] = []
  for (const [name, value] of Object.entries(given)) {
    const field = fieldOf(model, name)
    if (field.computed) continue
    if (field.type === 'one2many') commands.push([field, commandsOf(model, field, value)])
    else if (field.type === 'many2many') {
      const ids = (before?.[name] ?? []) as number[]
      stored[name] = applyMany(env, modelOf(env, field.relation!), commandsOf(model, field, value), ids)
    } else stored[name] = storedValue(env, model, field, value)
  }
  return { stored, commands }
}

function checkRow(env: Env, model: Model, row: Row, names: Iterable<string>): void {
  for (const name of names) {
    const field = model.fields.get(name)!
    const value = row[name]
    if (field.required && (value === undefined || value === false || value === '')) {
      throw emptyColumn(model.title, model.name, field.label, name)
    }
    if (field.type === 'many2one' && typeof value === 'number' && !env.store.get(field.relation!, value)) {
      throw brokenReference(model.title, model.name, `${model.name.replaceAll('.', '_')}_${name}_fkey`)
    }
  }
}

function checkUnique(env: Env, model: Model, row: Row): void {
  if (model.name !== 'ir.model.data') return
  const same = env.store.withValue(model.name, 'complete_name', row.complete_name!)
  if ([...same].some((id) => id !== row.id)) {
    throw validationError('The operation cannot be completed: External IDs must be unique')
  }
}

/** Stored fields; who wrote a record is beyond doubt. */
const storable = (model: Model) =>
  [...model.fields.values()].filter((f) => !f.virtual && !isReference(f) && f.relation !== 'res.users')

/** Creates one record and returns its id. `given` as a caller writes it: JSON values and commands. */
export function createRecord(env: Env, model: Model, given: Values): number {
  const values = { ...contextDefaults(env, model), ...given }
  const { stored, commands } = taken(env, model, values, null)
  const row: Values = { ...stored }
  for (const field of model.fields.values()) {
    if (row[field.name] === undefined && field.initial !== null) row[field.name] = field.initial
  }
  model.rules.defaults?.(env, row)
  const id = env.store.next(model.name)
  const magic = { create_date: env.now, write_date: env.now, create_uid: env.uid, write_uid: env.uid }
  const whole = { ...row, ...magic, id } as Row
  checkRow(
    env,
    model,
    whole,
    storable(model).map((field) => field.name),
  )
  checkUnique(env, model, whole)
  env.store.put(model.name, whole)
  for (const [field, list] of commands) applyOne(env, field, id, list)
  model.rules.written?.(env, [id], new Set(Object.keys(values)), true, [])
  return id
}

/** `default_<field>` of the context; names that are no field of this model belong to another one. */
function contextDefaults(env: Env, model: Model): Values {
  const found = Object.entries(env.context).filter(
    ([name]) => name.startsWith('default_') && model.fields.has(name.slice(8)),
  )
  return Object.fromEntries(found.map(([name, value]) => [name.slice(8), value]))
}

/** Writes the same values into every record. Throws MissingError. */
export function writeRecords(env: Env, model: Model, ids: readonly number[], given: Values): void {
  const rows = rowsOf(env, model, ids)
  model.rules.guard?.(env, rows, given)
  for (const before of rows) {
    const { stored, commands } = taken(env, model, given, before)
    setValues(env, model, before.id, stored)
    for (const [field, list] of commands) applyOne(env, field, before.id, list)
  }
  model.rules.written?.(env, ids, new Set(Object.keys(given)), false, rows)
}

/**
 * Writes stored values past all rules: for what the models do by themselves. `touch` false: a figure that was
 * worked out anew, which does not move `write_date`.
 */
export function setValues(
  env: Env,
  model: Model,
  id: number,
  stored: Record<string, Value>,
  touch = true,
): void {
  const stamp: Record<string, Value> = touch ? { write_date: env.now, write_uid: env.uid } : {}
  const row = { ...env.store.get(model.name, id)!, ...stored, ...stamp }
  checkRow(env, model, row, Object.keys(stored))
  env.store.put(model.name, row)
}

/** Deletes records, what hangs on them and their external ids. Throws when they are still needed. */
export function deleteRecords(env: Env, model: Model, ids: readonly number[]): void {
  const rows = rowsOf(env, model, ids)
  model.rules.deletable?.(env, rows)
  for (const id of ids) {
    if (!env.store.get(model.name, id)) continue
    for (const other of env.models.values()) releaseFrom(env, other, model, id)
    const key = `${model.name},${id}`
    for (const data of [...env.store.withValue('ir.model.data', 'res_key', key)]) {
      env.store.remove('ir.model.data', data)
    }
    env.store.remove(model.name, id)
  }
  model.rules.deleted?.(env, rows)
}

function pointing(env: Env, model: Model, field: Field, id: number): number[] {
  if (env.store.isIndexed(model.name, field.name)) {
    return [...env.store.withValue(model.name, field.name, id)]
  }
  return [...env.store.rows(model.name).values()].filter((row) => row[field.name] === id).map((row) => row.id)
}

function releaseFrom(env: Env, other: Model, model: Model, id: number): void {
  for (const field of other.fields.values()) {
    if (field.type !== 'many2one' || field.relation !== model.name || field.virtual) continue
    const holders = pointing(env, other, field, id)
    if (holders.length === 0) continue
    if (field.cascade) deleteRecords(env, other, holders)
    else if (field.required) {
      const constraint = `${other.name.replaceAll('.', '_')}_${field.name}_fkey`
      throw brokenReference(other.title, other.name, constraint)
    } else for (const holder of holders) setValues(env, other, holder, { [field.name]: false })
  }
}

/** One record as a caller reads it; an empty list of names means all fields. */
export function readRow(env: Env, model: Model, row: Row, names: readonly string[], named: boolean): Values {
  const wanted = names.length > 0 ? names : [...model.fields.keys()]
  const values = wanted.map((name) => {
    const field = model.fields.get(name)
    if (!field) throw valueError(`Invalid field '${name}' on '${model.name}'`)
    return [name, shownValue(env, field, fieldValue(env, model, row, field), named)]
  })
  return { id: row.id, ...Object.fromEntries(values) }
}
