/** The syntax tree that the `jsonata` package's own parser gives, as far as it is read here. */
import jsonata from 'jsonata'
import { toExpressionError } from './errors.ts'

/** A predicate, a position binding or an order of a path step. */
export interface Stage {
  type: 'filter' | 'index'
  expr: Node
  value: string
}

/** The checker of a lambda's signature, made by the parser. It throws plain objects with a code. */
export interface Signature {
  definition: string
  validate(args: unknown[], context: unknown): unknown[]
}

/** A node; which fields it has follows from its type. */
export interface Node {
  type: string
  value?: unknown
  position?: number
  steps?: Node[]
  stages?: Stage[]
  predicate?: Stage[]
  group?: { lhs: [Node, Node][]; position: number }
  lhs?: Node | [Node, Node][]
  rhs?: Node
  expression?: Node
  expressions?: Node[]
  procedure?: Node
  arguments?: Node[]
  body?: Node
  signature?: Signature
  thunk?: boolean
  condition?: Node
  then?: Node
  else?: Node
  pattern?: Node
  update?: Node
  delete?: Node
  terms?: { descending: boolean; expression: Node }[]
  keepArray?: boolean
  keepSingletonArray?: boolean
  consarray?: boolean
  tuple?: boolean
  focus?: string
  index?: string
  ancestor?: { label: string }
  slot?: { label: string }
}

/** Parses an expression. Throws ExpressionError with the parser's code (S0…), position and token. */
export function parse(source: string): Node {
  try {
    return jsonata(source).ast() as unknown as Node
  } catch (error) {
    throw toExpressionError(error)
  }
}

/** Calls `visit` on every node of a tree, parents first. */
export function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const v of value) walk(v, visit)
  } else if (typeof value === 'object' && value !== null && !(value instanceof RegExp)) {
    if (typeof (value as Node).type === 'string') visit(value as Node)
    for (const v of Object.values(value)) walk(v, visit)
  }
}
