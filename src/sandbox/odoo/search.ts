/** Finding records: candidates from an index where one fits, the domain, the order, the page. */
import { checkDomain, fulfils, mandatory, mentions, type Node, parseDomain } from './domain.ts'
import { userError } from './errors.ts'
import type { Env, Field, Model } from './model.ts'
import type { Row, Value } from './store.ts'
import { displayName, fieldValue } from './values.ts'

export interface Page {
  offset?: unknown
  limit?: unknown
  order?: unknown
}

/** Ids to look at: those of the best index, or null for all. */
function candidates(env: Env, model: Model, node: Node): Set<number> | null {
  let best: Set<number> | null = null
  for (const { path, operator, value } of mandatory(node)) {
    const name = path[0]!
    if (path.length > 1 || (operator !== '=' && operator !== 'in')) continue
    const values = Array.isArray(value) ? value : [value]
    if (values.some((one) => one === false || one === null || one === '')) continue
    const field = model.fields.get(name)!
    let ids: Set<number>
    if (name === 'id') ids = new Set(values.map(Number))
    else if (!env.store.isIndexed(model.name, name)) continue
    else if (field.type === 'many2one' && values.some((one) => typeof one !== 'number')) continue
    else ids = new Set(values.flatMap((one) => [...env.store.withValue(model.name, name, one as Value)]))
    if (best === null || ids.size < best.size) best = ids
  }
  return best
}

/** The rows that fulfil the domain, unordered; `now`: epoch ms for a replica's view, null for the truth. */
function matching(env: Env, model: Model, node: Node, now: number | null): Row[] {
  const { store } = env
  const ids = new Set(candidates(env, model, node) ?? store.rows(model.name).keys())
  if (now !== null) for (const id of store.lagging(model.name, now)) ids.add(id)
  const found: Row[] = []
  for (const id of ids) {
    const row = now === null ? store.get(model.name, id) : store.shown(model.name, id, now)
    if (row && fulfils(env, model, row, node)) found.push(row)
  }
  return found
}

interface Key {
  field: Field
  down: boolean
  nulls: 'first' | 'last'
}

function keysOf(model: Model, order: string): Key[] {
  return order.split(',').map((part) => {
    const m = /^\s*(\w+)(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?\s*$/i.exec(part)
    const field = m ? model.fields.get(m[1]!) : undefined
    if (!m || !field) {
      throw userError(
        `Invalid "order" specified (${order}). A valid "order" specification is a comma-separated list of valid field names (optionally followed by asc/desc for the direction)`,
      )
    }
    const down = m[2]?.toLowerCase() === 'desc'
    return { field, down, nulls: (m[3]?.toLowerCase() ?? (down ? 'first' : 'last')) as Key['nulls'] }
  })
}

function keyValue(env: Env, model: Model, row: Row, { field }: Key): string | number | null {
  const value = fieldValue(env, model, row, field)
  if (field.type === 'many2one') {
    const target = value === false ? undefined : env.store.get(field.relation!, value as number)
    return target ? displayName(env, env.models.get(field.relation!)!, target) : null
  }
  if (field.type === 'integer' || field.type === 'float' || field.type === 'monetary') return Number(value)
  if (field.type === 'boolean') return value ? 1 : 0
  return value === false ? null : String(value)
}

function sorted(env: Env, model: Model, rows: Row[], order: string): Row[] {
  const keys = keysOf(model, order)
  const values = new Map(rows.map((row) => [row, keys.map((key) => keyValue(env, model, row, key))]))
  return rows.sort((a, b) => {
    const [left, right] = [values.get(a)!, values.get(b)!]
    for (const [i, key] of keys.entries()) {
      const [x, y] = [left[i]!, right[i]!]
      if (x === y) continue
      if (x === null || y === null) return (x === null) === (key.nulls === 'first') ? -1 : 1
      return x < y === key.down ? 1 : -1
    }
    return a.id - b.id
  })
}

/**
 * The rows of a search as the caller is shown them. Archived records are left out unless the domain or the
 * context says otherwise. `exact`: ignores a replica's lag, for what the server looks up itself. Throws
 * ValueError for a wrong domain, UserError for a wrong order.
 */
export function searchRows(env: Env, model: Model, domain: unknown, page: Page = {}, exact = false): Row[] {
  let node = parseDomain(domain ?? [])
  checkDomain(env, model, node)
  if (model.fields.has('active') && env.context.active_test !== false && !mentions(node, 'active')) {
    node = { kind: 'and', parts: [node, { kind: 'leaf', path: ['active'], operator: '=', value: true }] }
  }
  const order = typeof page.order === 'string' && page.order !== '' ? page.order : model.order
  const rows = sorted(env, model, matching(env, model, node, exact ? null : Date.now()), order)
  const offset = Number(page.offset || 0)
  const limit = page.limit ? Number(page.limit) : Number.POSITIVE_INFINITY
  return rows.slice(offset, offset + limit)
}
