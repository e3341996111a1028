/** The paths that an expression reads from its own input, and how they are named. */
import type { Node } from '../expression/ast.ts'
import { ownNames } from './names.ts'

/** A path or the beginning of one. */
export interface ReadPath {
  /** JSONata that gives its value. */
  text: string
  /** The whole path that it begins; the same as `text` for the whole. */
  whole: string
}

/** Most that are looked at of one expression. */
const MOST = 24

/**
 * Paths of names, from the input or a variable, with all their beginnings, in the order of the expression. What
 * stands in predicates, functions of the expression and later steps reads from elsewhere and is left out.
 */
export function pathsOf(tree: Node): ReadPath[] {
  const found: ReadPath[] = []
  collect(tree, ownNames(tree), found)
  const seen = new Set<string>()
  return found.filter(({ text }) => !seen.has(text) && seen.add(text)).slice(0, MOST)
}

function collect(node: Node, own: ReadonlySet<string>, found: ReadPath[]): void {
  const [first] = node.steps ?? []
  if (node.type === 'variable') addPath([node], own, found)
  else if (first && (first.type === 'name' || first.type === 'variable')) addPath(node.steps!, own, found)
  else for (const one of first ? [first] : parts(node)) if (one) collect(one, own, found)
}

/** What of an expression reads from the same input. */
function parts(node: Node): (Node | undefined)[] {
  switch (node.type) {
    case 'bind':
      return [node.rhs]
    case 'binary':
    case 'apply':
      return [node.lhs as Node, node.rhs]
    case 'unary':
      return [
        node.expression,
        ...(node.expressions ?? []),
        ...(Array.isArray(node.lhs) ? node.lhs.flat() : []),
      ]
    case 'function':
    case 'partial':
      return node.arguments ?? []
    case 'condition':
      return [node.condition, node.then, node.else]
    case 'block':
      return node.expressions ?? []
    default:
      return []
  }
}

function addPath(steps: Node[], own: ReadonlySet<string>, found: ReadPath[]): void {
  const [first] = steps
  if (first!.type === 'variable' && own.has(first!.value as string)) return
  const texts: string[] = []
  let text = ''
  for (const step of steps) {
    const named = step === first || step.type === 'name' ? nameOf(step) : null
    if (named === null) break
    text += `${text === '' ? '' : '.'}${named}`
    texts.push(text)
    const at = step.predicate ?? step.stages
    if (!at) continue
    const index = at.length === 1 && at[0]!.type === 'filter' ? at[0]!.expr : null
    if (index?.type !== 'number') break
    text += `[${index.value}]`
    texts.push(text)
  }
  const whole = texts.at(-1)
  if (whole !== undefined) for (const one of texts) found.push({ text: one, whole })
}

/** A step as it is written; null for a name that cannot be quoted. */
function nameOf(step: Node): string | null {
  const name = String(step.value)
  if (step.type === 'variable') return `$${name}`
  if (/^[A-Za-z_]\w*$/.test(name) && !/^(?:and|or|in|true|false|null)$/.test(name)) return name
  return name.includes('`') ? null : `\`${name}\``
}
