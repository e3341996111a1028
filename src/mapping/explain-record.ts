/**
 * What `tributary mapping explain` shows: for every expression of a mapping its value and what it read. The
 * mapping's own source is run, with a note before and after each expression, so that what is told is what happens.
 */
import type { MapContext } from '../core/ports.ts'
import { parse, walk } from '../expression/ast.ts'
import { describeExpression } from '../expression/compile.ts'
import { FUNCTIONS } from './functions.ts'
import type { ReadMapping } from './read.ts'
import type { Segment } from './source.ts'
import { noReads, type Reads, readPaths, traced } from './trace.ts'
import { variablesOf } from './variables.ts'

/** One expression as it was computed once. In a list each item has its own. */
export interface ExplainedField {
  /** Path in the file with the numbers of list items: `lines[0].sku`, `shipTo.$if`. Variables begin with `let`. */
  field: string
  file: string
  line: number
  column: number
  expression: string
  /** Plain JSON; absent where the expression gave nothing. Functions are shown as `(function)`. */
  value?: unknown
  /** True for the expression that failed; those around it have no value either. */
  failed: boolean
  /** Paths of the input that the expression read and that were there. */
  sources: string[]
  /** Paths that it asked for and that were not there. */
  missing: string[]
  /** What the variables that it uses had read, by name: also those that they use. */
  variables: Record<string, string[]>
}

interface Frame {
  segment: number
  field: string
  reads: Reads
}

interface Run {
  segments: Segment[]
  /** Of each segment the `$each` that it is within, outermost first. */
  around: number[][]
  /**
   * Of each `$each` the first expression of an item: variables and `$if` come before the fields, so it is computed
   * for every item.
   */
  first: number[]
  stack: Frame[]
  done: ExplainedField[]
  /** Of each `$each` (by segment): the number of the item that is being made. */
  items: Map<number, number>
  /** Latest reads by segment. */
  latest: Map<number, string[]>
  variables: string[][]
  /** True for an expression that names a field, so that it reads something. */
  namesFields: boolean[]
  quiet: boolean
}

/**
 * Computes every expression on one input. Never throws for what the record has wrong: `error` is what the run
 * ended with, and the fields until then are there.
 */
export function explainMapping(
  read: ReadMapping,
  input: unknown,
  context: MapContext,
): { fields: ExplainedField[]; error: unknown } {
  const { segments } = read.source
  const within = segments.map((_, n) => around(segments, n))
  const run: Run = {
    segments,
    around: within,
    first: segments.map((_, each) => within.findIndex((list) => list.includes(each))),
    stack: [],
    done: [],
    items: new Map(),
    latest: new Map(),
    variables: segments.map((s) => named(s, 'variable')),
    namesFields: segments.map((s) => named(s, 'name').length > 0),
    quiet: false,
  }
  const functions = { ...FUNCTIONS, [ENTER]: enterer(run), [LEAVE]: leaver(run) }
  const { run: evaluate } = describeExpression(instrumented(read), { functions })
  const proxy = traced(input, () => (run.quiet ? null : (run.stack.at(-1)?.reads ?? null)))
  try {
    evaluate(proxy, variablesOf(context))
    return { fields: run.done, error: null }
  } catch (error) {
    for (const [i, frame] of run.stack.reverse().entries()) close(run, frame, undefined, i === 0)
    return { fields: run.done, error }
  }
}

const ENTER = '_enter'
const LEAVE = '_leave'

/** The mapping's source with a note before and after every expression. The value itself passes untouched. */
function instrumented({ source }: ReadMapping): string {
  let text = ''
  let at = 0
  for (const [n, { start, end, expression }] of source.segments.entries()) {
    const noted = `($${ENTER}(${n});$_value:=(${expression}\n);$${LEAVE}(${n},$_value);$_value)`
    // A list written inside a list stays one item of it only where it is written as a list.
    const nested = isListConstructor(expression)
    text += `${source.text.slice(at, start)}${nested ? `[${noted}]` : noted}`
    at = end
  }
  return text + source.text.slice(at)
}

function isListConstructor(expression: string): boolean {
  const node = parse(expression)
  return node.type === 'unary' && node.value === '[' && !node.predicate && !node.group
}

function enterer(run: Run) {
  return (n: number): void => {
    for (const each of run.around[n]!) {
      if (run.first[each] === n) run.items.set(each, (run.items.get(each) ?? -1) + 1)
    }
    run.stack.push({ segment: n, field: fieldName(run, n), reads: noReads() })
  }
}

function leaver(run: Run) {
  return (n: number, value: unknown): void => {
    const frame = run.stack.pop()!
    close(run, frame, value, false)
    if (run.segments[n]!.path.at(-1) === '$each') run.items.set(n, -1)
  }
}

function close(run: Run, { segment, field, reads }: Frame, value: unknown, failed: boolean): void {
  const { expression, file, path } = run.segments[segment]!
  const { sources, missing } = readPaths(reads)
  run.latest.set(segment, sources)
  run.quiet = true
  try {
    const shown = plain(value)
    run.done.push({
      field,
      file: file.file,
      ...file.locate(path),
      expression,
      ...(shown === undefined ? {} : { value: shown }),
      failed,
      sources,
      missing,
      variables: throughVariables(run, segment),
    })
  } finally {
    run.quiet = false
  }
}

function plain(value: unknown): unknown {
  if (value === undefined) return undefined
  return JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'function' ? '(function)' : v)))
}

/** Segments of `$each` that the segment is within, outermost first. */
function around(segments: Segment[], n: number): number[] {
  const { path } = segments[n]!
  return segments.flatMap((s, i) => {
    const list = s.path.slice(0, -1)
    const within = i !== n && s.path.at(-1) === '$each' && list.every((step, at) => path[at] === step)
    return within ? [i] : []
  })
}

/** Names that need no quotes: also `$if` and `@id`. */
const PLAIN = /^[\w$@-]+$/

function fieldName(run: Run, n: number): string {
  const { path } = run.segments[n]!
  const lists = new Map(run.around[n]!.map((each) => [run.segments[each]!.path.length - 1, each]))
  let name = ''
  for (const [i, step] of path.slice(path[0] === 'fields' ? 1 : 0).entries()) {
    const depth = i + (path[0] === 'fields' ? 1 : 0)
    name += `${name === '' ? '' : '.'}${PLAIN.test(String(step)) ? step : `\`${step}\``}`
    const each = lists.get(depth + 1)
    if (each !== undefined && path[depth + 1] !== '$each') name += `[${run.items.get(each) ?? 0}]`
  }
  return name
}

function named({ expression }: Segment, type: 'variable' | 'name'): string[] {
  const names = new Set<string>()
  walk(parse(expression), (node) => {
    if (node.type === type && typeof node.value === 'string') names.add(node.value)
  })
  return [...names]
}

/** What stands behind the variables of an expression, also through other variables. */
function throughVariables(run: Run, n: number): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  const seen = new Set<number>()
  const follow = (from: number) => {
    for (const name of run.variables[from]!) {
      for (const i of definitions(run.segments, from, name)) {
        if (seen.has(i)) continue
        seen.add(i)
        const sources = run.latest.get(i) ?? []
        if (sources.length > 0) found[name] = [...new Set([...(found[name] ?? []), ...sources])]
        follow(i)
      }
    }
  }
  follow(n)
  // Fields of an item that was computed read nothing of the input themselves: what the list came from says it.
  if (readsNothing(run, n)) for (const each of run.around[n]!) follow(each)
  return found
}

function readsNothing(run: Run, n: number): boolean {
  return run.latest.get(n)!.length === 0 && run.namesFields[n]!
}

/** The segments of the nearest `let` or `$let` of that name. */
function definitions(segments: Segment[], n: number, name: string): number[] {
  const { path } = segments[n]!
  for (let depth = path.length; depth >= 0; depth--) {
    const home = depth === 0 ? ['let', name] : [...path.slice(0, depth), '$let', name]
    const defined = segments.flatMap((s, i) =>
      i !== n && home.every((step, at) => s.path[at] === step) ? [i] : [],
    )
    if (defined.length > 0) return defined
  }
  return []
}
