/** Paths: steps over items, predicates, sorting. */
import { type Node, type Stage, walk } from './ast.ts'
import { chainFunction, emitChain, type Want } from './emit-chain.ts'
import { emitGroup } from './emit-group.ts'
import { emitTuplePath, emitTuplePredicates, needsTuples } from './emit-tuple.ts'
import {
  ANY,
  type Context,
  type Gen,
  id,
  isOnly,
  isPlain,
  KIND,
  line,
  may,
  on,
  set,
  type Val,
} from './gen.ts'

const isField = (step: Node | undefined): boolean =>
  step?.type === 'name' && !step.stages && !step.predicate && !step.group

/** Where a path has got to. */
interface State {
  js: string
  /** `input`: the context (nothing is an item too); `stream`: items; `list`: a sorted or filtered list. */
  form: 'input' | 'stream' | 'list'
}

export function emitPath(g: Gen, node: Node, cx: Context, wanted?: Want): Val {
  if (needsTuples(node)) return emitTuplePath(g, node, cx)
  const steps = node.steps!
  const kept = node.keepSingletonArray || node.keepArray
  const want: Want =
    wanted ?? (node.group ? 'stream' : kept ? (node.keepSingletonArray ? 'keep' : 'plain') : 'value')
  let value: Val
  if (steps[0]!.consarray) value = emitConstructed(g, node, cx, want)
  else if (steps[0]!.type === 'variable') {
    const first = g.emit(steps[0]!, cx)
    if (steps.length === 1) value = ending(g, `[${first.js}]`, want)
    else if (isField(steps[1])) value = emitSteps(g, node, cx, { js: first.js, form: 'stream' }, 1, want)
    else {
      const state: State = { js: set(g, `stream(${first.js})`).js, form: 'stream' }
      value = emitSteps(g, node, cx, state, 1, want)
    }
  } else value = emitSteps(g, node, cx, { js: cx.input, form: 'input' }, 0, want)
  return node.group ? emitGroup(g, node.group, value, cx) : value
}

/** `[…].rest`: the list is made once, on all of the input, and its items are gone over. */
function emitConstructed(g: Gen, node: Node, cx: Context, want: Want): Val {
  const input = set(g, `Array.isArray(${cx.input}) ? ${cx.input} : sequence([${cx.input}])`)
  const first = g.emit(node.steps![0]!, on(cx, input.js))
  // The items of a text are its characters here, as in the reference.
  const made =
    node.steps!.length === 1
      ? first
      : set(g, `typeof ${first.js} === 'string' ? ${first.js}.split('') : ${first.js}`)
  if (node.steps!.length === 1) return want === 'keep' ? set(g, `keep(${made.js})`) : made
  const result = id(g)
  // What is no list has no items here, as in the reference.
  line(
    g,
    `let ${result} = !Array.isArray(${made.js}) ? undefined : ${want === 'keep' ? `keep(${made.js})` : made.js}`,
  )
  line(g, `if (Array.isArray(${made.js}) && ${made.js}.length > 0) {`)
  const value = emitSteps(g, node, cx, { js: made.js, form: 'stream' }, 1, want)
  line(g, `${result} = ${value.js}`)
  line(g, '}')
  return { js: result, kind: ANY }
}

function emitSteps(g: Gen, node: Node, cx: Context, start: State, from: number, want: Want): Val {
  const steps = node.steps!
  let state = start
  for (let i = from; i < steps.length; ) {
    let end = i
    while (isField(steps[end])) end++
    if (end > i) {
      const keys = steps.slice(i, end).map((s) => s.value as string)
      const isLast = end === steps.length
      const wanted = isLast ? want : 'stream'
      const value =
        state.form === 'input' && cx.plain
          ? emitChain(g, state.js, keys, wanted)
          : set(g, `${chainFunction(g, keys, wanted)}(${state.js})`)
      if (isLast) return value
      state = { js: value.js, form: 'stream' }
      i = end
      continue
    }
    const step = steps[i]!
    const isLast = i === steps.length - 1
    if (step.type === 'sort') {
      state = { js: emitSort(g, step, state, cx), form: 'list' }
      if (isLast) return endOfList(g, state.js, want)
    } else if (isSingle(state, step, cx) && want !== 'fresh' && steps[i + 1]?.type !== 'sort') {
      const value = g.emit(step, { ...cx, root: false })
      const list = may(value, KIND.list)
      if (isLast) return endOfOne(g, value, want)
      const items = list ? `Array.isArray(${value.js}) ? opened(${value.js}) : ${value.js}` : value.js
      state = { js: list ? set(g, items).js : value.js, form: 'stream' }
    } else {
      const { out, flat } = emitStep(g, step, state, cx)
      if (isLast) return ending(g, out, want, flat)
      state = { js: flat ? out : set(g, `flat(${out})`).js, form: 'stream' }
    }
    i++
  }
  throw new Error('a path without steps')
}

/** The value of the path from the results of its last step; `flat`: there are no lists to open in them. */
function ending(g: Gen, results: string, want: Want, flat = false): Val {
  if (want === 'fresh') {
    line(g, `checkItems(${results}.length)`)
    return { js: results, kind: KIND.list }
  }
  if (want === 'stream') return flat ? { js: results, kind: KIND.list } : set(g, `lastRaw(${results})`)
  if (want === 'keep') return set(g, flat ? `keep(sequence(${results}))` : `finishKeep(${results})`)
  if (want === 'plain') return set(g, `normKeep(${flat ? `sequence(${results})` : `lastRaw(${results})`})`)
  return set(g, flat ? `settle(${results})` : `finish(${results})`)
}

const ENDS = { value: 'norm', keep: 'keep', plain: 'normKeep', fresh: 'norm' }

function endOfList(g: Gen, list: string, want: Want): Val {
  return want === 'stream' ? { js: list, kind: KIND.list } : set(g, `${ENDS[want]}(${list})`)
}

/** One item, and so one result: no loop. (Sorting needs a list of its own, without the marks of the result.) */
function isSingle(state: State, step: Node, cx: Context): boolean {
  return state.form === 'input' && cx.plain === true && !step.stages
}

/** The value of the path from the one result of its last step. */
function endOfOne(g: Gen, value: Val, want: Want): Val {
  const { js } = value
  if (want !== 'value') return ending(g, set(g, `${js} === undefined ? [] : [${js}]`).js, want)
  return may(value, KIND.list) ? set(g, `Array.isArray(${js}) ? finish([${js}]) : ${js}`) : value
}

/**
 * The items of a path as a new list that `[…]` may take as it is; null where there may be lists among them that it
 * would open, or where other code is as good.
 */
export function emitFresh(g: Gen, node: Node, cx: Context): string | null {
  if (node.type !== 'path' || node.predicate || node.group || node.keepArray || node.keepSingletonArray)
    return null
  const step = node.steps!.at(-1)!
  const makesObjects = step.type === 'unary' && step.value === '{' && !step.group && !step.predicate
  if (needsTuples(node) || !(makesObjects || endsInObject(step)) || step.stages) return null
  if (node.steps![0]!.consarray) return null
  return emitPath(g, node, cx, 'fresh').js
}

/** A block whose last expression makes an object. */
function endsInObject(step: Node): boolean {
  if (step.type !== 'block' || step.predicate || step.group || step.keepArray) return false
  const last = step.expressions!.at(-1)
  return last?.type === 'unary' && last.value === '{' && !last.group && !last.predicate && !last.keepArray
}

/** One step over all items; gives the name of the list of results, and whether no lists are to be opened in it. */
function emitStep(g: Gen, step: Node, state: State, cx: Context): { out: string; flat: boolean } {
  const out = id(g)
  const [isList, count, i, item] = [id(g), id(g), id(g, 'i'), id(g)]
  const single = state.form === 'stream' ? `(${state.js} === undefined ? 0 : 1)` : '1'
  line(g, `const ${out} = [], ${isList} = Array.isArray(${state.js})`)
  line(g, `const ${count} = ${isList} ? ${state.js}.length : ${single}`)
  line(g, `for (let ${i} = 0; ${i} < ${count}; ${i}++) {`)
  line(g, 'if (--M.fuel < 0) spent()')
  line(g, `const ${item} = ${isList} ? ${state.js}[${i}] : ${state.js}`)
  const inner = { ...on(cx, item), depth: cx.depth }
  let value = emitItem(g, { ...step, stages: undefined } as Node, inner)
  const stages = step.stages ?? []
  const last = stages.at(-1)
  for (const stage of stages.slice(0, -1)) value = emitFilter(g, value, stage, inner)
  if (last && !isIndex(last)) {
    // What a predicate keeps is a sequence, which is opened here: it goes straight to the results.
    emitKept(g, value, last, inner, out)
    line(g, '}')
    return { out, flat: true }
  }
  if (last) value = emitIndex(g, value, Number(last.expr.value))
  line(
    g,
    may(value, KIND.none)
      ? `if (${value.js} !== undefined) ${out}.push(${value.js})`
      : `${out}.push(${value.js})`,
  )
  line(g, '}')
  return { out, flat: !may(value, KIND.list) }
}

/** Larger steps have code for items that are objects, which they are, and code for all others. */
function emitItem(g: Gen, step: Node, cx: Context): Val {
  if (cx.doubled || !readsMuch(step)) return g.emit(step, cx)
  const name = id(g)
  line(g, `let ${name}`)
  line(g, `if (${isPlain(cx.input)}) {`)
  const quick = g.emit(step, { ...cx, plain: true })
  line(g, `${name} = ${quick.js}`)
  line(g, '} else {')
  const other = g.emit(step, { ...cx, doubled: true })
  line(g, `${name} = ${other.js}`)
  line(g, '}')
  return { js: name, kind: quick.kind | other.kind }
}

const WORTH_DOUBLING = 3

function readsMuch(step: Node): boolean {
  let reads = 0
  walk(step, (node) => {
    if (node.type === 'path') reads++
  })
  return reads >= WORTH_DOUBLING
}

const isIndex = (stage: Stage) => stage.expr.type === 'number' && !stage.expr.predicate

/** `[n]` as the last stage of a step. */
function emitIndex(g: Gen, value: Val, index: number): Val {
  const at = Math.floor(index)
  const { js } = value
  const item = at < 0 ? `${js}[${js}.length - ${-at}]` : `${js}[${at}]`
  return set(g, `Array.isArray(${js}) ? ${item} : ${at === 0 || at === -1 ? js : 'undefined'}`)
}

function emitSort(g: Gen, step: Node, state: State, cx: Context): string {
  const terms = step.terms!.map((term) => {
    const item = id(g)
    const of = emitClosure(g, [item], term.expression, on(cx, item))
    return `{ descending: ${term.descending}, of: ${of} }`
  })
  const at = siteOf(g, step)
  const single =
    state.form === 'input' ? `Array.isArray(${state.js}) ? ${state.js} : sequence([${state.js}])` : null
  let list = set(g, `(${at}, orderBy(${single ?? `listOf(${state.js})`}, [${terms.join(', ')}]))`, KIND.list)
  for (const stage of step.stages ?? []) list = emitFilter(g, list, stage, cx)
  return list.js
}

function siteOf(g: Gen, node: Node): string {
  g.sites.push({ position: node.position, token: undefined })
  return `p = ${g.sites.length - 1}`
}

/** An expression as a function; its code runs within the function that is being written. */
export function emitClosure(g: Gen, parameters: string[], node: Node, cx: Context): string {
  const outer = g.lines
  g.lines = []
  const value = g.emit(node, cx)
  const body = g.lines
  g.lines = outer
  return `(${parameters.join(', ')}) => {\n${body.join('\n')}\nreturn ${value.js}\n}`
}

/** A predicate on a value; gives a list, a sequence of what is kept. */
export function emitFilter(g: Gen, value: Val, stage: Stage, cx: Context): Val {
  if (isIndex(stage)) return set(g, `nthRaw(${value.js}, ${Number(stage.expr.value)})`, KIND.list)
  const kept = id(g)
  line(g, `const ${kept} = sequence([])`)
  emitKept(g, value, stage, cx, kept)
  return { js: kept, kind: KIND.list }
}

/** Adds to a list what a predicate keeps of a value; nothing is an item, too. */
function emitKept(g: Gen, value: Val, stage: Stage, cx: Context, kept: string): void {
  const [list, count, i, item] = [id(g), id(g), id(g, 'i'), id(g)]
  line(g, `const ${list} = Array.isArray(${value.js}), ${count} = ${list} ? ${value.js}.length : 1`)
  line(g, `for (let ${i} = 0; ${i} < ${count}; ${i}++) {`)
  line(g, 'if (--M.fuel < 0) spent()')
  line(g, `const ${item} = ${list} ? ${value.js}[${i}] : ${value.js}`)
  const answer = g.emit(stage.expr, on(cx, item))
  if (isOnly(answer, KIND.bool | KIND.none)) line(g, `if (${answer.js} === true) ${kept}.push(${item})`)
  else line(g, `keepBy(${answer.js}, ${item}, ${count}, ${i}, ${kept})`)
  line(g, '}')
}

/** The predicates of a node that is no path, and what becomes of a sequence. */
export function emitPredicates(g: Gen, value: Val, node: Node, cx: Context): Val {
  const predicates = node.predicate!
  const only = predicates[0]!.expr
  if (predicates.length === 1 && only.type === 'number' && !only.predicate && !node.keepArray) {
    return set(g, `nth(${value.js}, ${Number(only.value)})`)
  }
  let result = value
  if (node.tuple) return emitTuplePredicates(g, value, node, cx)
  for (const stage of predicates) result = emitFilter(g, result, stage, cx)
  return result
}
