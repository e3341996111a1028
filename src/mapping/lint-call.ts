/** Calls as the linter sees them: which function it is, what it makes of its arguments, and what must not go into it. */
import type { Node } from '../expression/ast.ts'
import { LIBRARY } from '../expression/library.ts'
import { codeFunctions, FUNCTIONS } from './functions.ts'
import { type Call, libraryEffect, literalText, mappingEffect, SINKS } from './lint-functions.ts'
import { moneyFloats } from './lint-money.ts'
import { isBound, type Lint, near, type Place, report, scopeIn, visible } from './lint-report.ts'
import { NUMBER, type Scope, type Shape, UNKNOWN, union } from './shape.ts'

/** Functions of mappings: the exact ones and those over code tables. */
const OURS = new Set([...Object.keys(FUNCTIONS), ...Object.keys(codeFunctions())])

/** Names that can be called without being defined in the mapping. */
export const FUNCTION_NAMES: readonly string[] = [...OURS, ...Object.keys(LIBRARY)]

/** `before`: what `~>` puts in front of the arguments. */
export function lintCall(lint: Lint, node: Node, at: Place, before: Shape[]): Shape {
  const nodes = node.arguments ?? []
  const args = [...before, ...nodes.map((a) => lint.look(a, at))]
  const procedure = node.procedure!
  const name = procedure.type === 'variable' ? String(procedure.value) : null
  if (name === null || name === '' || callsBound(at.scope, name)) {
    if (isPlainName(procedure)) return plainName(lint, procedure, at)
    return applyShape(lint, lint.look(procedure, at), args, at)
  }
  if (!FUNCTION_NAMES.includes(name)) {
    functionUnknown(lint, node, `$${name}`, near(name, [...visible(at.scope), ...FUNCTION_NAMES], '$'), at)
    return UNKNOWN
  }
  if (name === 'eval') useAll(at.scope)
  const call: Call = {
    name,
    args: withContext(name, args, at),
    key: literalText(nodes[1 - before.length]),
    apply: (work, given) => applyShape(lint, work, given, at),
    float: (by, given) => floated(node, at, by, given),
  }
  if (!OURS.has(name)) return libraryEffect(call)
  for (const place of SINKS[name] ?? []) {
    if (call.args[place]) moneyFloats(lint, call.args[place].floats, `$${name}()`)
  }
  return mappingEffect(call)
}

/** `price.$number()`: a function of JSONata takes what it stands on for an argument that is left out. */
function withContext(name: string, args: Shape[], at: Place): Shape[] {
  const takesContext = Object.hasOwn(LIBRARY, name) && LIBRARY[name]!.signature.includes('-')
  return takesContext && args.length === 0 ? [at.input] : args
}

/** `money(x)` without its dollar sign is a field that is called. */
function isPlainName(node: Node): boolean {
  return (
    node.type === 'name' || (node.type === 'path' && node.steps!.length === 1 && isPlainName(node.steps![0]!))
  )
}

function plainName(lint: Lint, node: Node, at: Place): Shape {
  const name = String(node.type === 'path' ? node.steps![0]!.value : node.value)
  functionUnknown(lint, node, name, near(name, FUNCTION_NAMES, '$'), at)
  return UNKNOWN
}

function functionUnknown(
  lint: Lint,
  node: Node,
  name: string,
  hint: ReturnType<typeof near>,
  at: Place,
): void {
  if (lint.told.has(node)) return
  lint.told.add(node)
  report(lint, 'error', 'MAPPING_FUNCTION_UNKNOWN', at.home, { name, near: hint })
}

/** A variable that is no function leaves the function of its name as it is until it is defined: `rows: $rows($)`. */
function callsBound(from: Scope | null, name: string): boolean {
  for (let scope = from; scope; scope = scope.parent) {
    const found = scope.names.get(name)
    if (found) return found.closure !== null || !FUNCTION_NAMES.includes(name)
  }
  return false
}

/** Text that becomes an expression may use any variable. */
function useAll(from: Scope | null): void {
  for (let scope = from; scope; scope = scope.parent) {
    for (const name of scope.names.keys()) scope.used.add(name)
  }
}

const MOST_CALLS = 30

/** What a lambda gives for these arguments. */
export function applyShape(lint: Lint, work: Shape, args: Shape[], at: Pick<Place, 'depth'>): Shape {
  if (!work.closure) return UNKNOWN
  const { node, scope, input, home } = work.closure
  lint.applied.add(node)
  const depth = at.depth + Math.ceil(300 / MOST_CALLS)
  const inner = scopeIn(scope)
  for (const [i, parameter] of (node.arguments ?? []).entries()) {
    inner.names.set(String(parameter.value), args[i] ?? UNKNOWN)
  }
  return lint.look(node.body!, { input, scope: inner, home, depth })
}

/** `$f(?, 2)`: the arguments that are there are looked at; nobody knows what it will be called with. */
export function lintPartial(lint: Lint, node: Node, at: Place): Shape {
  for (const argument of node.arguments ?? []) {
    if (argument.type !== 'operator') lint.look(argument, at)
  }
  checkVariable(lint, node.procedure!, at)
  return UNKNOWN
}

/** A function that is named, not called. */
function checkVariable(lint: Lint, node: Node, at: Place): void {
  const name = String(node.value)
  if (node.type !== 'variable' || name === '' || FUNCTION_NAMES.includes(name)) return
  if (isBound(at.scope, name)) lint.look(node, at)
  else functionUnknown(lint, node, `$${name}`, near(name, [...visible(at.scope), ...FUNCTION_NAMES], '$'), at)
}

/** `value ~> $f` and `value ~> $f(2)`. */
export function lintApply(lint: Lint, node: Node, at: Place): Shape {
  const left = lint.look(node.lhs as Node, at)
  const right = node.rhs!
  if (right.type === 'function') return lintCall(lint, right, at, [left])
  if (right.type === 'variable' && FUNCTION_NAMES.includes(String(right.value))) {
    return lintCall(lint, { type: 'function', procedure: right, arguments: [] }, at, [left])
  }
  checkVariable(lint, right, at)
  return applyShape(lint, lint.look(right, at), [left], at)
}

/** Float arithmetic on these shapes. */
export function floated(node: Node, at: Place, by: string, args: readonly Shape[]): Shape {
  const floats = args.reduce<Shape['floats']>((all, a) => union(all, a.floats), [])
  const money = args.some((a) => a.money)
  return { ...NUMBER, money, floats: union(floats, [{ node, home: at.home, by, money }]) }
}
