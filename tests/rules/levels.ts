/** The levels of src/ (docs/concepts.md): a file imports from its own folder or from a lower level. */
export const LEVELS: Record<string, number> = {
  core: 0,
  expression: 0,
  orders: 1,
  mapping: 1,
  connector: 1,
  ledger: 1,
  queue: 1,
  pipeline: 2,
  reconcile: 2,
  insight: 2,
  alerts: 2,
  runtime: 3,
  sandbox: 3,
  conformance: 4,
  http: 4,
  console: 4,
  cli: 5,
}

/** What src/sandbox may use of the product: exact money, so that it judges amounts as the shop does. */
export const SANDBOX_MAY_IMPORT = ['src/core/money.ts']

/** `core` of `src/core/documents/order.ts`; null outside src. */
export function folderOf(path: string): string | null {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null
}

/**
 * Why one import is not allowed, or null. `from` and `to` are paths from the root; only imports inside the
 * project are judged here.
 */
export function violation(from: string, to: string): string | null {
  if (/^(tests|bench)\//.test(from)) return null
  const target = folderOf(to)
  const folder = /^connectors\/[^/]+\//.exec(from)?.[0]
  if (folder && new RegExp(`^${folder}hooks-[a-z]+\\.ts$`).test(to)) return null
  if (from.startsWith('connectors/')) return `a connector imports only types of 'tributary/hooks'`
  const own = folderOf(from)
  if (own === null || target === null) return 'source in src/ imports only from src/'
  if (own === target) return null
  if (LEVELS[own] === undefined || LEVELS[target] === undefined) return 'the folder has no level'
  if (own === 'sandbox') {
    return SANDBOX_MAY_IMPORT.includes(to) ? null : 'a sandbox imports nothing of the product'
  }
  if (LEVELS[target]! < LEVELS[own]!) return null
  return LEVELS[target] === LEVELS[own] ? 'siblings do not import each other' : 'imports go down, never up'
}

/** The import cycles among these edges, each as a closed path; empty when there is none. */
export function cycles(edges: Map<string, string[]>): string[][] {
  const state = new Map<string, 'open' | 'done'>()
  const found: string[][] = []
  const visit = (file: string, path: string[]): void => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      found.push([...path.slice(path.indexOf(file)), file])
      return
    }
    state.set(file, 'open')
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    state.set(file, 'done')
  }
  for (const file of edges.keys()) visit(file, [])
  return found
}
