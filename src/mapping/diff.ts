/**
 * What differs between two values of one shape, field by field: two documents, or two trees that were made to be
 * sent.
 */

/** `added`: there was nothing before; `removed`: there is nothing any more. */
export type ChangeKind = 'added' | 'removed' | 'changed'

/** One place that differs: a field, or an item that a list has more or less. */
export interface Change {
  /** With list indexes folded: `lines[].discount`. '' for the whole value. */
  path: string
  kind: ChangeKind
  /** Undefined where there is none. */
  before: unknown
  after: unknown
}

/**
 * `document`: null, missing, empty text and empty objects are the same nothing, as for the content hash that
 * decides whether the ledger takes a new version. `exact`: only what is missing is nothing, because the system
 * that reads the bytes may tell an empty element from none.
 */
export type Strictness = 'document' | 'exact'

/**
 * Called with what is stored and what a changed mapping makes of the same record; plain JSON values. Lists whose
 * items all have an `externalId` of their own are compared item by item under that id, others by place. Empty
 * exactly when the two are the same (for documents: when their content hashes are).
 */
export function differences(before: unknown, after: unknown, strictness: Strictness): Change[] {
  const found: Change[] = []
  compare({ found, empty: strictness === 'exact' ? isMissing : holdsNothing }, '', before, after)
  return found
}

interface Walk {
  found: Change[]
  empty(value: unknown): boolean
}

const isMissing = (value: unknown): boolean => value === undefined

/** What `canonicalJson` leaves out. */
function holdsNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  return isMap(value) && Object.values(value).every(holdsNothing)
}

function compare(walk: Walk, path: string, before: unknown, after: unknown): void {
  if (before === after) return
  const was = !walk.empty(before)
  const is = !walk.empty(after)
  if (!was && !is) return
  const whole = was ? before : after
  // an address that comes or goes is told field by field
  if (was !== is && isMap(whole) && Object.keys(whole).length > 0) {
    compareMaps(walk, path, isMap(before) ? before : {}, isMap(after) ? after : {})
  } else if (was !== is) walk.found.push({ path, kind: is ? 'added' : 'removed', before, after })
  else if (Array.isArray(before) && Array.isArray(after)) compareLists(walk, `${path}[]`, before, after)
  else if (isMap(before) && isMap(after)) compareMaps(walk, path, before, after)
  else walk.found.push({ path, kind: 'changed', before, after })
}

function compareMaps(
  walk: Walk,
  path: string,
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const step = path === '' ? key : `${path}.${key}`
    compare(walk, step, own(before, key), own(after, key))
  }
}

/** A key may be called `__proto__` or `constructor`. */
const own = (map: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(map, key) ? map[key] : undefined

function compareLists(walk: Walk, path: string, before: unknown[], after: unknown[]): void {
  const was = byId(before)
  const is = byId(after)
  if (was && is) {
    for (const id of new Set([...was.keys(), ...is.keys()])) {
      compareItems(walk, path, was.has(id), was.get(id), is.has(id), is.get(id))
    }
    const order = [...was.keys()].filter((id) => is.has(id))
    const now = [...is.keys()].filter((id) => was.has(id))
    if (order.some((id, i) => id !== now[i])) walk.found.push({ path, kind: 'changed', before, after })
    return
  }
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    compareItems(walk, path, i < before.length, before[i], i < after.length, after[i])
  }
}

/** An item that holds nothing is an item all the same: the list is longer by it. */
function compareItems(
  walk: Walk,
  path: string,
  was: boolean,
  before: unknown,
  is: boolean,
  after: unknown,
): void {
  if (was && is) compare(walk, path, before, after)
  else walk.found.push({ path, kind: is ? 'added' : 'removed', before, after })
}

/** Null unless every item has an id and no two have the same. */
function byId(list: unknown[]): Map<string, unknown> | null {
  const items = new Map<string, unknown>()
  for (const item of list) {
    const id = isMap(item) ? own(item, 'externalId') : undefined
    if (typeof id !== 'string' || id === '' || items.has(id)) return null
    items.set(id, item)
  }
  return items
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
