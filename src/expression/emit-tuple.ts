/** Paths with `@`, `#` or `%`. They are rare: each step becomes a function, and the runtime goes over the tuples. */
import { type Node, walk } from './ast.ts'
import { emitPairs } from './emit-group.ts'
import { type Context, type Gen, id, KIND, on, quote, type Scope, set, site, type Val } from './gen.ts'

export function needsTuples(node: Node): boolean {
  return node.tuple === true || node.steps!.some((s) => s.tuple)
}

/** All names that a path may bind. */
function names(node: Node): Set<string> {
  const found = new Set<string>(['@'])
  walk(node, (n) => {
    if (n.focus !== undefined) found.add(n.focus)
    if (n.index !== undefined) found.add(n.index)
    if (n.ancestor) found.add(n.ancestor.label)
    for (const stage of n.stages ?? []) if (stage.type === 'index') found.add(stage.value)
  })
  return found
}

export function emitTuplePath(g: Gen, node: Node, cx: Context): Val {
  const bound = names(node)
  const within = (tuple: string): Context => {
    const scope: Scope = { parent: cx.scope, names: new Map(), tuple: { js: tuple, names: bound } }
    return { ...cx, scope }
  }
  const steps = node.steps!.map((step, i) => emitTupleStep(g, step, i, within))
  const variable = node.steps![0]!.type === 'variable'
  const tuples = set(g, `tuplePath(${cx.input}, ${variable}, [${steps.join(',\n')}])`, KIND.list)
  if (node.group) {
    const pairs = emitPairs(g, node.group.lhs, cx, within)
    return set(
      g,
      `(${site(g, node.group.position, undefined)}, groupTuples(${tuples.js}, [${pairs}]))`,
      KIND.obj,
    )
  }
  if (node.tuple) return tuples
  const kept = node.keepSingletonArray || node.keepArray
  return set(g, `${kept ? 'keep' : 'norm'}(itemsOf(${tuples.js}))`)
}

/** Predicates on a block whose value is a stream of tuples. */
export function emitTuplePredicates(g: Gen, value: Val, node: Node, cx: Context): Val {
  const bound = names(node)
  const within = (tuple: string): Context => {
    const scope: Scope = { parent: cx.scope, names: new Map(), tuple: { js: tuple, names: bound } }
    return { ...cx, scope }
  }
  let result = value
  for (const { expr } of node.predicate!) {
    result = set(g, `filterValue(${closure(g, expr, within)}, ${result.js})`)
  }
  return result
}

type Within = (tuple: string) => Context

function closure(g: Gen, node: Node, within: Within): string {
  const [item, tuple] = [id(g), id(g)]
  const outer = g.lines
  g.lines = []
  const value = g.emit(node, on(within(tuple), item))
  const body = g.lines
  g.lines = outer
  return `(${item}, ${tuple}) => {\n${body.join('\n')}\nreturn ${value.js}\n}`
}

function emitTupleStep(g: Gen, step: Node, at: number, within: Within): string {
  const { stages, ...rest } = step
  const parts = [
    `tuple: ${step.tuple === true}`,
    `whole: ${at === 0 && step.consarray === true}`,
    `stages: [${(stages ?? []).map((s) => emitStage(g, s, within)).join(', ')}]`,
    `focus: ${step.focus === undefined ? 'undefined' : quote(step.focus)}`,
    `index: ${step.index === undefined ? 'undefined' : quote(step.index)}`,
    `ancestor: ${step.ancestor ? quote(step.ancestor.label) : 'undefined'}`,
  ]
  if (step.type === 'sort') {
    parts.push(`run: null`, `swap: ${emitSwap(g, step, within)}`)
  } else parts.push(`run: ${closure(g, rest as Node, within)}`, 'swap: null')
  return `{ ${parts.join(', ')} }`
}

function emitStage(g: Gen, stage: NonNullable<Node['stages']>[number], within: Within): string {
  if (stage.type === 'index') return `{ index: ${quote(stage.value)} }`
  const { expr } = stage
  if (expr.type === 'number' && !expr.predicate) return `{ nth: ${Number(expr.value)} }`
  return `{ filter: ${closure(g, expr, within)} }`
}

function emitSwap(g: Gen, step: Node, within: Within): string {
  const terms = step.terms!.map(
    (t) => `{ descending: ${t.descending}, of: ${closure(g, t.expression, within)} }`,
  )
  const at = site(g, step.position, undefined)
  return `(${at}, tupleSwap([${terms.join(', ')}]))`
}
