/**
 * Which paths of an input an expression really reads: the input is handed out behind proxies that note what is
 * asked of them, so the expression itself runs as it always does.
 */

/** What was read while one thing was computed. Paths by their text (`lines[0].sku`), each with its general form (`lines[*].sku`). */
export interface Reads {
  /** Paths that were there. `whole`: an object or list was taken, not a value in it. */
  found: Map<string, { general: string; whole: boolean }>
  /** Paths that gave nothing. */
  missing: Map<string, string>
}

/** Paths kept per computation; a predicate over two long lists reads a great many. */
const MOST_PATHS = 20_000

export function noReads(): Reads {
  return { found: new Map(), missing: new Map() }
}

/** Hands out an input; `reads` is asked for the place to note each read in, null notes nothing. */
export function traced(input: unknown, reads: () => Reads | null): unknown {
  const note = (at: Where, value: unknown, there: boolean) => {
    const into = reads()
    if (into === null || into.found.size + into.missing.size >= MOST_PATHS) return
    if (there) into.found.set(at.exact, { general: at.general, whole: isContainer(value) })
    else if (!into.found.has(at.exact)) into.missing.set(at.exact, at.general)
  }
  return isContainer(input) ? proxied(input, { exact: '', general: '' }, note) : input
}

interface Where {
  exact: string
  general: string
}

type Note = (at: Where, value: unknown, there: boolean) => void

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null

function proxied(target: object, at: Where, note: Note): object {
  const children = new Map<string, { value: object; proxy: object }>()
  const list = Array.isArray(target)
  const isField = (key: string | symbol): key is string =>
    typeof key === 'string' && (!list || /^\d+$/.test(key))
  return new Proxy(target, {
    get(_, key, receiver) {
      if (!isField(key)) return Reflect.get(target, key, receiver)
      if (!Object.hasOwn(target, key)) {
        if (!(key in target)) note(step(at, key, list), undefined, false)
        return Reflect.get(target, key, receiver)
      }
      const value: unknown = (target as Record<string, unknown>)[key]
      const below = step(at, key, list)
      note(below, value, true)
      if (!isContainer(value)) return value
      let known = children.get(key)
      // The same child is the same object at every reading.
      if (known?.value !== value) {
        known = { value, proxy: proxied(value, below, note) }
        children.set(key, known)
      }
      return known!.proxy
    },
    getOwnPropertyDescriptor(_, key) {
      if (isField(key) && !Object.hasOwn(target, key)) note(step(at, key, list), undefined, false)
      return Reflect.getOwnPropertyDescriptor(target, key)
    },
  })
}

const PLAIN = /^[A-Za-z_]\w*$/

function step({ exact, general }: Where, key: string, list: boolean): Where {
  if (list) return { exact: `${exact}[${key}]`, general: `${general}[*]` }
  const name = `${exact === '' ? '' : '.'}${PLAIN.test(key) ? key : `\`${key}\``}`
  return { exact: exact + name, general: general + name }
}

/**
 * The paths for people: an object is left out where something in it was read, and many items of one list are one
 * path with `[*]`.
 */
export function readPaths(reads: Reads): { sources: string[]; missing: string[] } {
  const opened = new Set<string>()
  for (const path of reads.found.keys()) for (const above of ancestors(path)) opened.add(above)
  const sources = [...reads.found]
    .filter(([path, { whole }]) => !(whole && opened.has(path)))
    .map(([path, { general }]) => [path, general] as const)
  return { sources: folded(sources), missing: folded([...reads.missing]) }
}

/** `a`, `a.b` and `a.b[0]` of `a.b[0].c`. */
function ancestors(path: string): string[] {
  const found: string[] = []
  let quoted = false
  for (let i = 1; i < path.length; i++) {
    if (path[i] === '`') quoted = !quoted
    else if (!quoted && (path[i] === '.' || path[i] === '[')) found.push(path.slice(0, i))
  }
  return found
}

function folded(paths: (readonly [path: string, general: string])[]): string[] {
  const groups = new Map<string, string[]>()
  for (const [path, general] of paths) {
    const group = groups.get(general)
    if (group) group.push(path)
    else groups.set(general, [path])
  }
  return [...groups].map(([general, group]) => (group.length === 1 ? group[0]! : general))
}
