/** The methods that every model has, and how a call is bound to one (global.md §9). */
import { httpError, OdooError, typeError } from './errors.ts'
import { Discarded, LOAD } from './load.ts'
import type { Call, Env, Method, Model, Values } from './model.ts'
import { createRecord, deleteRecords, readRow, rowsOf, writeRecords } from './records.ts'
import { searchRows } from './search.ts'
import { displayName, emptyOf, shownValue } from './values.ts'

const list = (value: unknown) => (Array.isArray(value) ? (value as string[]) : [])

/** Ids of the new records, also for a single one; the older services unpack it. */
function create({ env, model, args }: Call): unknown {
  return [args.vals_list].flat().map((values) => createRecord(env, model, { ...(values as Values) }))
}

function read({ env, model, ids, args }: Call): unknown {
  const named = args.load === undefined || args.load === '_classic_read'
  // Records that are gone are left out, as Odoo does.
  const rows = ids.flatMap((id) => env.store.get(model.name, id) ?? [])
  return rows.map((row) => readRow(env, model, row, list(args.fields), named))
}

function searchRead({ env, model, args }: Call): unknown {
  const rows = searchRows(env, model, args.domain ?? [], args)
  const named = args.load === undefined || args.load === '_classic_read'
  return rows.map((row) => readRow(env, model, row, list(args.fields), named))
}

function write({ env, model, ids, args }: Call): unknown {
  writeRecords(env, model, ids, args.vals as Values)
  return true
}

function unlink({ env, model, ids }: Call): unknown {
  deleteRecords(env, model, ids)
  return true
}

function nameSearch({ env, model, args }: Call): unknown {
  const { name = '', operator = 'ilike', limit = 100 } = args
  const domain = list(args.domain ?? args.args) as unknown[]
  const code = model.fields.has('default_code') ? ['|', ['default_code', operator, name]] : []
  const all = name === '' ? domain : [...code, ['display_name', operator, name], ...domain]
  return searchRows(env, model, all, { limit }).map((row) => [row.id, displayName(env, model, row)])
}

function fieldsGet({ model, args }: Call): unknown {
  const names = list(args.allfields)
  const wanted = [...model.fields.values()].filter((f) => names.length === 0 || names.includes(f.name))
  return Object.fromEntries(
    wanted.map((field) => [
      field.name,
      {
        name: field.name,
        type: field.type,
        string: field.label,
        required: field.required,
        readonly: field.computed,
        store: !field.virtual,
        ...(field.relation ? { relation: field.relation } : {}),
        ...(field.inverse ? { relation_field: field.inverse } : {}),
        ...(field.values.length > 0 ? { selection: field.values.map((one) => [one, one]) } : {}),
      },
    ]),
  )
}

function defaultGet({ env, model, args }: Call): unknown {
  const names = list(args.fields ?? args.fields_list)
  const known = names.flatMap((name) => model.fields.get(name) ?? [])
  const found = known.filter(({ initial }) => initial !== null)
  return Object.fromEntries(
    found.map((field) => [field.name, shownValue(env, field, field.initial ?? emptyOf(field), false)]),
  )
}

const PAGE = ['offset?', 'limit?', 'order?']
const SEARCH: Method = {
  on: 'model',
  params: ['domain', ...PAGE],
  run: ({ env, model, args }) => searchRows(env, model, args.domain, args).map((row) => row.id),
}

/** By name; a model's own methods come first. */
export function commonMethods(version: number): Record<string, Method> {
  return {
    search: SEARCH,
    search_count: {
      on: 'model',
      params: ['domain', 'limit?'],
      run: ({ env, model, args }) => searchRows(env, model, args.domain, args).length,
    },
    search_read: { on: 'model', params: ['domain?', 'fields?', ...PAGE, 'load?'], run: searchRead },
    read: { on: 'record', params: ['fields?', 'load?'], run: read },
    create: { on: 'model', params: ['vals_list'], run: create },
    write: { on: 'record', params: ['vals'], run: write },
    unlink: { on: 'record', params: [], run: unlink },
    load: LOAD,
    fields_get: { on: 'model', params: ['allfields?', 'attributes?'], run: fieldsGet },
    default_get: { on: 'model', params: [version >= 19 ? 'fields' : 'fields_list'], run: defaultGet },
    name_search: {
      on: 'model',
      params: ['name?', version >= 19 ? 'domain?' : 'args?', 'operator?', 'limit?'],
      run: nameSearch,
    },
    exists: {
      on: 'record',
      params: [],
      run: ({ env, model, ids }) => ids.filter((id) => env.store.get(model.name, id)),
    },
  }
}

/** The method of a public name. Throws AccessError for a private one, and what `missing` makes of no such. */
export function methodOf(env: Env, model: Model, name: string, missing: (text: string) => OdooError): Method {
  if (name.startsWith('_') || name === 'init') {
    const text =
      env.version >= 19
        ? `Private methods (such as '${model.name}.${name}') cannot be called remotely.`
        : `Private methods (such as ${name}) cannot be called remotely.`
    throw new OdooError('odoo.exceptions.AccessError', text, 403)
  }
  const method = model.methods[name] ?? commonMethods(env.version)[name]
  if (!method) throw missing(`The method '${model.name}.${name}' does not exist`)
  return method
}

const bare = (param: string) => param.replace('?', '')

/** Binds named arguments. Throws what `refuse` makes of Python's own words for a call that does not fit. */
export function bind(method: Method, given: Values, refuse: (text: string) => OdooError): Values {
  const names = method.params.map(bare)
  for (const param of method.params) {
    if (!param.endsWith('?') && !(param in given)) throw refuse(`missing a required argument: '${param}'`)
  }
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw refuse(`got an unexpected keyword argument '${name}'`)
  }
  return given
}

/** Binds positional and named arguments together, as `execute_kw` does. Throws TypeError. */
export function bindPositional(method: Method, args: readonly unknown[], kwargs: Values): Values {
  if (args.length > method.params.length) {
    throw typeError(
      `takes ${method.params.length + 1} positional arguments but ${args.length + 1} were given`,
    )
  }
  const given = Object.fromEntries(args.map((value, i) => [bare(method.params[i]!), value]))
  return bind(method, { ...given, ...kwargs }, typeError)
}

/** Throws what Python would say when the values of the ORM's own arguments have the wrong type. */
export function checkArguments(name: string, args: Values): void {
  const object = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  if (name === 'write' && !object(args.vals)) {
    throw new OdooError('builtins.AttributeError', "'list' object has no attribute 'items'")
  }
  if (name === 'create' && ![args.vals_list].flat().every(object)) {
    throw new OdooError('builtins.AttributeError', "'str' object has no attribute 'items'")
  }
  if (
    name === 'load' &&
    !(Array.isArray(args.fields) && Array.isArray(args.data) && args.data.every(Array.isArray))
  ) {
    throw typeError("'NoneType' object is not iterable")
  }
}

/** Runs one bound call in one transaction. */
export function perform(
  env: Env,
  model: Model,
  name: string,
  method: Method,
  ids: readonly number[],
  args: Values,
) {
  checkArguments(name, args)
  try {
    return env.store.transaction(() => {
      if (method.on === 'record' && name !== 'read' && name !== 'exists') rowsOf(env, model, ids)
      return method.run({ env, model, ids, args })
    })
  } catch (cause) {
    if (cause instanceof Discarded) return cause.answer
    throw cause
  }
}

/** A refusal that JSON-2 answers as 422. */
export const unprocessable = (text: string) => httpError(422, 'UnprocessableEntity', text)
