/** What a mapping says when a record cannot go through it: file, line, field, expression and what the record lacks. */
import { type ErrorDetail, shapeOf, TributaryError } from '../core/errors/error.ts'
import { mappingError } from '../core/errors/mapping.ts'
import type { FieldOrigin } from '../core/ports.ts'
import { isNothing } from './arguments.ts'
import { type Explained, explain, UNEXPLAINED } from './explain.ts'
import { probe, type Sight } from './probe.ts'
import type { MappingForm, ReadMapping } from './read.ts'
import { type FieldNode, segmentAt } from './source.ts'

/** A record on its way through a mapping. */
export interface Failing {
  read: ReadMapping
  form: MappingForm
  input: unknown
  bindings: Record<string, unknown>
  /** Milliseconds that looking for the reason may take. */
  timeout: number
}

/**
 * What JSONata or one of our functions threw, with file, line, field and expression; values never shown. `more`: what
 * else is known of it.
 */
export function failure(failing: Failing, error: unknown, more: ErrorDetail = {}): TributaryError {
  const thrown = error as {
    position?: number
    message?: string
    code?: string
    value?: unknown
    detail?: ErrorDetail
  }
  const segment = segmentAt(failing.form.source, thrown.position)
  // What ran out of time would do so again.
  const { read, path } =
    segment && thrown.code !== 'U1001'
      ? explained(look(failing, segment.node).failed, refusedBy(thrown))
      : UNEXPLAINED
  const where: ErrorDetail = {
    file: segment?.file.file ?? failing.read.file,
    line: segment?.file.locate(segment.path).line ?? 1,
    field: segment ? fieldOf(segment.path) : '?',
    expression: segment?.expression ?? '?',
    read,
    path,
  }
  if (error instanceof TributaryError) {
    return new TributaryError(error.code, error.entry, { ...error.detail, ...where, ...more }, error)
  }
  let reason = thrown.message ?? thrown.code ?? 'unknown failure'
  if ('value' in thrown && thrown.value !== undefined) {
    for (const shown of [JSON.stringify(thrown.value), String(thrown.value)]) {
      if (shown) reason = reason.replaceAll(shown, `(${shapeOf(thrown.value)})`)
    }
  }
  return mappingError('MAPPING_FAILED', { ...where, reason }, error)
}

const fieldOf = (path: (string | number)[]): string => path.slice(1).join('.')

/** A required field that came out empty. `missing` is its path with the positions in lists. */
export function requiredFailure(failing: Failing, steps: string[], missing: string): TributaryError {
  const { node, sight } = sightOf(failing, steps, null)
  return mappingError('MAPPING_REQUIRED', {
    ...placeOf(failing, node, steps),
    field: missing,
    ...explained(sight),
  })
}

/** Where a field of the result came from, for a message about its value. */
export function originOf(failing: Failing, field: string): FieldOrigin | null {
  const parts = field.split('.')
  const index = parts.map(Number).find((n) => Number.isInteger(n)) ?? null
  const steps = parts.filter((part) => !/^\d+$/.test(part))
  const { node, sight } = sightOf(failing, steps, index)
  if (!node) return null
  const { file, line, expression } = placeOf(failing, node, steps)
  const { read } = explained(sight, (found) => found === sight?.result)
  return { file, line, expression, read }
}

function placeOf(
  { read }: Failing,
  node: FieldNode | null,
  steps: string[],
): { file: string; line: number; expression: string } {
  const file = node?.file.file ?? read.file
  const line = node ? node.file.locate(node.path).line : 1
  const { value } = node ?? {}
  return { file, line, expression: typeof value === 'string' ? value : steps.join('.') }
}

/**
 * The expression that should have made a field, and how the record looked when it gave nothing; when it gave
 * something everywhere, how it looked at that position of the list.
 */
function sightOf(
  failing: Failing,
  steps: string[],
  index: number | null,
): { node: FieldNode | null; sight: Sight | null } {
  const nodes = nodesOf(failing.form.fields, steps)
  for (const node of nodes) {
    const { sights } = look(failing, node)
    const empty = sights.find(({ result }) => isNothing(result))
    if (empty) return { node, sight: empty }
  }
  const node = nodes[0] ?? null
  if (!node) return { node, sight: null }
  const { sights } = look(failing, node)
  if (sights.length > 0) return { node, sight: sights[index ?? 0] ?? null }
  // A field that was never made: the condition that left it out.
  const condition = conditionOver(failing.form.fields, node)
  if (!condition) return { node, sight: null }
  return { node: condition, sight: look(failing, condition).sights[0] ?? null }
}

/** The outermost `$if` on the way to a node. */
function conditionOver(from: FieldNode, node: FieldNode): FieldNode | null {
  const below =
    from.value instanceof Map ? [...from.value.values()] : Array.isArray(from.value) ? from.value : []
  const next = below.find((one) => one === node || holds(one, node))
  if (!next) return null
  const condition = from.value instanceof Map ? from.value.get('$if') : undefined
  return condition ?? conditionOver(next, node)
}

function holds(from: FieldNode, node: FieldNode): boolean {
  if (from === node) return true
  if (from.value instanceof Map) return [...from.value.values()].some((one) => holds(one, node))
  return Array.isArray(from.value) && from.value.some((one) => holds(one, node))
}

/** Every node that may make the field at a path, `$value` before `$default`. */
function nodesOf(node: FieldNode, steps: string[]): FieldNode[] {
  const { value } = node
  if (Array.isArray(value)) return value.flatMap((one) => nodesOf(one, steps))
  if (!(value instanceof Map)) return [node]
  const instead = ['$value', '$default'].flatMap((key) => value.get(key) ?? [])
  const [step, ...rest] = steps
  if (step === undefined) {
    const each = value.get('$each')
    return each ? [each] : value.has('$value') ? instead.flatMap((one) => nodesOf(one, steps)) : [node]
  }
  const own = value.get(step)
  return [...(own ? nodesOf(own, rest) : []), ...instead.flatMap((one) => nodesOf(one, steps))]
}

function explained(sight: Sight | null, isRefused = (_found: unknown) => false): Explained {
  return sight ? explain(sight, isRefused) : UNEXPLAINED
}

/** Whether a value may be the one that an error complains about; ours show it by its shape only. */
function refusedBy(thrown: { value?: unknown; detail?: ErrorDetail }): (found: unknown) => boolean {
  const shown = thrown.detail?.found
  const shape = typeof shown === 'object' ? shown?.en : shown
  if (shape === undefined) return (found) => found === thrown.value
  return (found) => shapeOf(found) === shape || `"${String(found)}"` === shape
}

function look({ form, input, bindings, timeout }: Failing, node: FieldNode): ReturnType<typeof probe> {
  try {
    return probe(form, node, input, bindings, { timeout })
  } catch {
    // The failure itself is told in any case; tests hold that every field of the bundled mappings can be probed.
    return { sights: [], failed: null }
  }
}
