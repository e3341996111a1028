/**
 * Which paths of the record gave nothing when a field came out empty or failed. The branch of the mapping that
 * leads to the field is written once more as an expression that also looks at every path on its way, and is run
 * on the record. Only failures come here; the expressions of a mapping stay free of it.
 */

import { parse } from '../expression/ast.ts'
import { describeExpression, type Expression } from '../expression/compile.ts'
import type { Limits } from '../expression/limits.ts'
import { FUNCTIONS } from './functions.ts'
import { pathsOf, type ReadPath } from './paths.ts'
import type { MappingForm } from './read.ts'
import { type FieldNode, nodeSource } from './source.ts'

/** One expression on the branch. */
interface Watched {
  /** Name of the variable that it is bound to; null for the field itself and for conditions. */
  variable: string | null
  /** How many `$each` are around it. */
  around: number
  paths: ReadPath[]
}

/** The branch of one field, runnable. */
interface Probe {
  run: Expression
  /** Of the branch in its order, the field itself last. */
  watched: Watched[]
  /** Expressions of the `$each` around the field, outermost first. */
  each: string[]
}

/** What was seen when the field came out empty or failed. */
export interface Sight {
  /** Items counted at every `$each`, outermost first; -1 before the first. */
  at: number[]
  /** Of each watched expression the values of its paths, when it was last reached. */
  values: (unknown[] | undefined)[]
  /** What the field itself was; undefined when its expression failed. */
  result: unknown
  probe: Pick<Probe, 'watched' | 'each'>
}

interface Recorder {
  at: number[]
  values: (unknown[] | undefined)[]
  seen: Sight[]
}

/** Most results of one field that are looked at: lines of an order. */
const MOST = 10_000

let recorder: Recorder | null = null

/** The functions of a probe. Evaluations are synchronous, so one recorder is enough. */
const WATCH = {
  _see(n: number, ...values: unknown[]): undefined {
    if (recorder) recorder.values[n] = values
  },
  _turn(level: number): undefined {
    if (!recorder) return
    recorder.at[level] = (recorder.at[level] ?? -1) + 1
    recorder.at.length = level + 1
  },
}

/** Runs the branch of a field. Gives every time that the field was made, and the failure if there was one. */
export function probe(
  form: MappingForm,
  target: FieldNode,
  input: unknown,
  bindings: Record<string, unknown>,
  limits: Limits,
): { sights: Sight[]; failed: Sight | null } {
  const made = probeOf(form, target, limits)
  if (!made) return { sights: [], failed: null }
  const { watched, each } = made
  const outer = recorder
  const mine: Recorder = { at: [], values: [], seen: [] }
  recorder = mine
  const sight = (result: unknown): Sight => ({
    at: [...mine.at],
    values: [...mine.values],
    result,
    probe: { watched, each },
  })
  const saw = (result: unknown) => {
    if (mine.seen.length < MOST) mine.seen.push(sight(result))
    return result
  }
  try {
    made.run(input, { ...bindings, _saw: saw })
    return { sights: mine.seen, failed: null }
  } catch {
    // It fails as the mapping itself failed, which is what is being explained.
    return { sights: mine.seen, failed: sight(undefined) }
  } finally {
    recorder = outer
  }
}

const probes = new WeakMap<FieldNode, WeakMap<MappingForm, Probe | 'none'>>()

function probeOf(form: MappingForm, target: FieldNode, limits: Limits): Probe | null {
  const known = probes.get(target) ?? new WeakMap<MappingForm, Probe | 'none'>()
  probes.set(target, known)
  let made = known.get(form)
  if (!made) {
    const chain = chainTo(form, target)
    made = chain ? compileProbe(form, chain, limits) : 'none'
    known.set(form, made)
  }
  return made === 'none' ? null : made
}

/** The nodes from the root to the target. */
function chainTo(form: MappingForm, target: FieldNode): FieldNode[] | null {
  const into = (node: FieldNode): FieldNode[] | null => {
    if (node === target) return [node]
    const below =
      node.value instanceof Map ? node.value.values() : Array.isArray(node.value) ? node.value : []
    for (const next of below) {
      const found = into(next)
      if (found) return [node, ...found]
    }
    return null
  }
  return into(form.fields) ?? (form.variables && into(form.variables))
}

interface Branch {
  watched: Watched[]
  each: string[]
  scope: string[]
  around: number
}

function compileProbe(form: MappingForm, chain: FieldNode[], limits: Limits): Probe {
  const branch: Branch = { watched: [], each: [], scope: [], around: 0 }
  const inLet = chain[0] === form.variables
  const text = inLet
    ? scoped(branch, form.variables, chain, 0, () => 'null')
    : scoped(branch, form.variables, chain, -1, () => step(branch, chain, 0))
  const { run } = describeExpression(text, { functions: { ...FUNCTIONS, ...WATCH }, limits })
  return { run, watched: branch.watched, each: branch.each }
}

/** The branch from the `i`-th node of the chain on. */
function step(b: Branch, chain: FieldNode[], i: number): string {
  const node = chain[i]!
  const next = chain[i + 1]
  if (!next) return field(b, node)
  if (!(node.value instanceof Map)) return step(b, chain, i + 1)
  const map = node.value
  const each = map.get('$each')
  if (next === each) return step(b, chain, i + 1)
  if (!each) return object(b, map, chain, i)
  const level = b.around
  b.each[level] = String(each.value)
  b.around++
  const text = `$items(${nodeSource(each, b.scope)}).($_turn(${level});${object(b, map, chain, i)})`
  b.around--
  return text
}

function object(b: Branch, map: Map<string, FieldNode>, chain: FieldNode[], i: number): string {
  const next = chain[i + 1]!
  const variables = map.get('$let') ?? null
  if (next === variables) return scoped(b, variables, chain, i + 1, () => 'null')
  return scoped(b, variables, chain, -1, () => {
    const condition = map.get('$if')
    if (next === condition || !condition) return step(b, chain, i + 1)
    const text = watch(b, condition, null)
    const body = step(b, chain, i + 1)
    return next === map.get('$default') ? `((${text})?null:${body})` : `((${text})?${body})`
  })
}

/** Variables, up to that of the chain if it leads into one of them (`at` is the index of their map), then the body. */
function scoped(
  b: Branch,
  variables: FieldNode | null,
  chain: FieldNode[],
  at: number,
  body: () => string,
): string {
  if (!(variables?.value instanceof Map)) return body()
  const outer = b.scope
  b.scope = [...outer]
  let text = '('
  for (const [name, node] of variables.value) {
    if (at >= 0 && chain[at + 1] === node) {
      text += `${step(b, chain, at + 1)}`
      b.scope = outer
      return `${text})`
    }
    text += `$${name}:=(${typeof node.value === 'string' ? watch(b, node, name) : nodeSource(node, b.scope)});`
    b.scope.push(name)
  }
  text += body()
  b.scope = outer
  return `${text})`
}

/** The field itself: an expression, or a tree below which nothing is watched. */
function field(b: Branch, node: FieldNode): string {
  if (typeof node.value === 'string') return `$_saw(${watch(b, node, null)})`
  b.watched.push({ variable: null, around: b.around, paths: [] })
  return `$_saw(${nodeSource(node, b.scope)})`
}

function watch(b: Branch, node: FieldNode, variable: string | null): string {
  const source = String(node.value)
  const paths = pathsOf(parse(source))
  const n = b.watched.push({ variable, around: b.around, paths }) - 1
  if (paths.length === 0) return `(${source})`
  return `($_see(${[n, ...paths.map((p) => p.text)].join(',')});(${source}))`
}
