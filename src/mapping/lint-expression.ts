/** Goes through an expression as it would be computed, with shapes instead of values. */
import type { Node, Stage } from '../expression/ast.ts'
import { FUNCTION_NAMES, floated, lintApply, lintCall, lintPartial } from './lint-call.ts'
import { field } from './lint-path.ts'
import { type Lint, near, type Place, report, scopeIn, visible } from './lint-report.ts'
import {
  anyOf,
  either,
  hasFields,
  NUMBER,
  objectOf,
  type Scope,
  type Shape,
  TEXT,
  UNKNOWN,
  union,
  WHOLE,
} from './shape.ts'

const MOST_DEPTH = 300

type Look = (lint: Lint, node: Node, at: Place) => Shape

const LOOK: Record<string, Look> = {
  path: lookPath,
  name: (lint, node, at) => field(lint, at.input, node, at, ''),
  string: () => TEXT,
  number: (_, { value }) => (Number.isSafeInteger(value) ? WHOLE : NUMBER),
  value: () => objectOf(new Map()),
  variable: lookVariable,
  binary: lookBinary,
  unary: lookUnary,
  condition: (lint, node, at) => {
    look(lint, node.condition!, at)
    const then = look(lint, node.then!, at)
    return node.else ? either(then, look(lint, node.else, at)) : then
  },
  block: (lint, node, at) => {
    const within = { ...at, scope: scopeIn(at.scope) }
    return node.expressions!.reduce<Shape>((_, one) => look(lint, one, within), UNKNOWN)
  },
  bind: (lint, node, at) => {
    const name = String((node.lhs as Node).value)
    // A function may call itself by its name.
    if (!at.scope.names.has(name)) at.scope.names.set(name, UNKNOWN)
    const value = look(lint, node.rhs!, at)
    at.scope.names.set(name, value)
    return value
  },
  lambda: (lint, node, at) => {
    // a call in the last place of a function, which the parser wraps
    if (node.thunk) return look(lint, node.body!, at)
    const closure = { node, scope: at.scope, input: at.input, home: at.home }
    lint.lambdas.push(closure)
    return { ...UNKNOWN, closure }
  },
  function: (lint, node, at) => lintCall(lint, node, at, []),
  partial: lintPartial,
  apply: lintApply,
  sort: lookSort,
  transform: (lint, node, at) => {
    const target = look(lint, node.pattern!, at)
    look(lint, node.update!, { ...at, input: target })
    return UNKNOWN
  },
  wildcard: (_, __, { input }) => (hasFields(input) ? anyOf([...input.fields.values()]) : UNKNOWN),
}

/** The shape of what a node gives; complaints go to `lint`. */
export function look(lint: Lint, node: Node, outer: Place): Shape {
  if (--lint.left < 0 || outer.depth > MOST_DEPTH) return UNKNOWN
  const at = { ...outer, depth: outer.depth + 1 }
  const work = Object.hasOwn(LOOK, node.type) ? LOOK[node.type]! : () => UNKNOWN
  const value = work(lint, node, at)
  if (node.predicate) lookStages(lint, node.predicate, { ...at, input: value })
  return node.group && node.type !== 'path' ? lookGroup(lint, node.group, { ...at, input: value }) : value
}

function lookPath(lint: Lint, node: Node, outer: Place): Shape {
  const scope = scopeIn(outer.scope)
  let at: Place = { ...outer, scope }
  let path = ''
  for (const step of node.steps!) {
    const value = step.type === 'name' ? field(lint, at.input, step, at, path) : look(lint, step, at)
    path += step.type === 'name' ? `${path === '' ? '' : '.'}${step.value}` : ''
    if (step.index) scope.names.set(step.index, WHOLE)
    if (step.focus) scope.names.set(step.focus, value)
    if (step.stages) lookStages(lint, step.stages, { ...at, input: value })
    // After `@` the path goes on from where the step was taken.
    if (!step.focus) at = { ...at, input: value }
  }
  return node.group ? lookGroup(lint, node.group, at) : at.input
}

function lookStages(lint: Lint, stages: Stage[], at: Place): void {
  for (const stage of stages) {
    if (stage.type === 'index') at.scope.names.set(stage.value, WHOLE)
    else look(lint, stage.expr, at)
  }
}

function lookSort(lint: Lint, node: Node, at: Place): Shape {
  for (const { expression } of node.terms ?? []) look(lint, expression, at)
  return at.input
}

function lookGroup(lint: Lint, group: NonNullable<Node['group']>, at: Place): Shape {
  const values = group.lhs.map(([key, value]) => {
    look(lint, key, at)
    return look(lint, value, at)
  })
  // The keys are computed, so nobody knows the fields.
  return { ...anyOf(values), known: false, fields: new Map() }
}

function lookVariable(lint: Lint, node: Node, at: Place): Shape {
  const name = String(node.value)
  if (name === '') return at.input
  if (name === '$') return lint.root
  for (let scope: Scope | null = at.scope; scope; scope = scope.parent) {
    const found = scope.names.get(name)
    if (found === undefined) continue
    scope.used.add(name)
    return found
  }
  if (!FUNCTION_NAMES.includes(name) && !lint.told.has(node)) {
    lint.told.add(node)
    report(lint, 'error', 'MAPPING_VARIABLE_UNKNOWN', at.home, {
      name,
      near: near(name, [...visible(at.scope), ...FUNCTION_NAMES], '$'),
    })
  }
  return UNKNOWN
}

const ARITHMETIC = ['+', '-', '*', '/', '%']

function lookBinary(lint: Lint, node: Node, at: Place): Shape {
  const left = look(lint, node.lhs as Node, at)
  const right = look(lint, node.rhs!, at)
  const by = String(node.value)
  if (by === '&') return { ...TEXT, floats: union(left.floats, right.floats) }
  if (by === '..') return WHOLE
  if (!ARITHMETIC.includes(by)) return { ...TEXT, number: 'none' }
  const whole = left.number === 'whole' && right.number === 'whole' && by !== '/'
  if (!whole) return floated(node, at, by, [left, right])
  return { ...WHOLE, money: left.money || right.money, floats: union(left.floats, right.floats) }
}

function lookUnary(lint: Lint, node: Node, at: Place): Shape {
  if (node.value === '-') return look(lint, node.expression!, at)
  if (node.value === '[') return anyOf(node.expressions!.map((one) => look(lint, one, at)))
  const pairs = node.lhs as unknown as [Node, Node][]
  const fields = new Map<string, Shape>()
  let known = true
  for (const [key, value] of pairs) {
    const shape = look(lint, value, at)
    if (key.type === 'string') fields.set(String(key.value), shape)
    else {
      look(lint, key, at)
      known = false
    }
  }
  return { ...objectOf(fields), known }
}
