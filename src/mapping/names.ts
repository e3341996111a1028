/** Names in the expressions of a mapping: a misspelled one would give nothing on every record, without a word. */
import { nearest } from '../core/yaml.ts'
import { type Node, walk } from '../expression/ast.ts'
import { LIBRARY } from '../expression/library.ts'
import { codeFunctions, FUNCTIONS } from './functions.ts'

/** What `MapContext` binds. */
const CONTEXT = ['connection', 'entity', 'settings', 'company', 'push']

/** Names that every expression may use beside those of `let` and its own. */
export const KNOWN: ReadonlySet<string> = new Set([
  ...Object.keys(LIBRARY),
  ...Object.keys(FUNCTIONS),
  ...Object.keys(codeFunctions()),
  ...CONTEXT,
])

/** Names that `let` cannot take: JSONata's keep their meaning, and the code around the fields uses the others. */
const RESERVED: ReadonlySet<string> = new Set([...Object.keys(LIBRARY), ...CONTEXT, 'items', 'firstOf'])

/** What is wrong with a name of `let` or `$let`; null when nothing is. */
export function badVariable(name: string): string | null {
  if (!/^[A-Za-z]\w*$/.test(name)) return 'a variable is named with letters and digits'
  return RESERVED.has(name) ? `$${name} has a meaning of its own; choose another name` : null
}

/** The first name of an expression that stands for nothing, with what was probably meant; null when all are known. */
export function unknownName(
  tree: Node,
  scope: readonly string[],
): { name: string; near: string | null } | null {
  const bound = ownNames(tree)
  const unknown: string[] = []
  walk(tree, (node) => {
    if (node.type !== 'variable') return
    const name = node.value as string
    if (name === '' || name === '$' || KNOWN.has(name) || bound.has(name) || scope.includes(name)) return
    unknown.push(name)
  })
  const [name] = unknown
  return name === undefined ? null : { name, near: nearest(name, [...scope, ...bound, ...KNOWN]) }
}

/** Names that the expression binds anywhere itself: `:=`, arguments of functions, `@`, `#`. */
export function ownNames(tree: Node): Set<string> {
  const names = new Set<string>()
  const add = (value: unknown) => {
    if (typeof value === 'string') names.add(value)
  }
  walk(tree, (node) => {
    if (node.type === 'bind') add((node.lhs as Node).value)
    if (node.type === 'lambda') for (const argument of node.arguments ?? []) add(argument.value)
    add(node.focus)
    add(node.index)
    for (const stage of node.stages ?? []) if (stage.type === 'index') add(stage.value)
  })
  return names
}
