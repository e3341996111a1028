/** Variables: which slot a name has is settled when compiling, so that reading one is no search. */
import { NotQuick } from './sequence.ts'

/** The parts of a `jsonata` syntax tree that are read here. */
export interface Node {
  type: string
  value?: unknown
  [key: string]: unknown
}

/** Variables of one block or lambda call; which slot a name has is settled when compiling. */
export class Scope {
  readonly slots: unknown[] = []
  readonly parent: Scope | null
  readonly globals: Record<string, unknown>
  constructor(parent: Scope | null, globals: Record<string, unknown>) {
    this.parent = parent
    this.globals = globals
  }
}

/** A compiled expression. */
export type Run = (input: unknown, scope: Scope) => unknown

/** The names of a scope, while compiling. */
export interface Names {
  own: string[]
  parent: Names | null
  /** Our functions and the library. */
  functions: Record<string, unknown>
}

/**
 * A lambda sees what is bound after it was made. Names are settled when compiling, so with lambdas no name may
 * stand for two things or hide a function.
 */
export function refuseShadows(ast: Node, functions: Record<string, unknown>): void {
  const bound: string[] = []
  let lambdas = false
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const v of value) visit(v)
    else if (typeof value === 'object' && value !== null) {
      const node = value as Node
      if (node.type === 'bind') bound.push((node.lhs as Node).value as string)
      if (node.type === 'lambda' && !node.thunk) {
        lambdas = true
        for (const a of node.arguments as Node[]) bound.push(a.value as string)
      }
      for (const v of Object.values(node)) visit(v)
    }
  }
  visit(ast)
  if (!lambdas) return
  if (bound.some((name) => name in functions))
    throw new NotQuick('a variable named like a function beside a lambda')
  if (new Set(bound).size < bound.length) throw new NotQuick('two variables of one name beside a lambda')
}

/** Library functions that take functions, or that answer differently each time. */
const LEFT = new Set(
  'now millis random shuffle eval map filter single reduce sift each sort match contains replace split assert error clone'.split(
    ' ',
  ),
)

/** Reads a variable: a slot, one of the functions, or what the caller bound. */
export function variable(node: Node, names: Names): Run {
  const name = node.value as string
  if (name === '') return (input) => input
  let depth = 0
  for (let at: Names | null = names; at; at = at.parent) {
    const slot = at.own.lastIndexOf(name)
    if (slot >= 0) return slotAt(depth, slot)
    depth++
  }
  if (name in names.functions) return () => names.functions[name]
  if (LEFT.has(name)) throw new NotQuick(`$${name}`)
  return (_, scope) => scope.globals[name]
}

/** True when a name is a variable of the expression itself. */
export function isBound(name: string, names: Names): boolean {
  return names.own.includes(name) || (names.parent !== null && isBound(name, names.parent))
}

function slotAt(depth: number, slot: number): Run {
  if (depth === 0) return (_, scope) => scope.slots[slot]
  if (depth === 1) return (_, scope) => scope.parent!.slots[slot]
  return (_, scope) => {
    let at = scope
    for (let i = 0; i < depth; i++) at = at.parent!
    return at.slots[slot]
  }
}
