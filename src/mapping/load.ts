/**
 * Mapping files made runnable: the whole `fields` tree is one JSONata expression, compiled to one JavaScript
 * function that is called once per record.
 */
import jsonata from 'jsonata'
import { type ErrorDetail, shapeOf, TributaryError } from '../core/errors/error.ts'
import { mappingError } from '../core/errors/mapping.ts'
import type { MapContext, Mapping } from '../core/ports.ts'
import { describeExpression } from '../expression/compile.ts'
import { codeFunctions, FUNCTIONS } from './functions.ts'
import { missingCodes } from './missing-codes.ts'
import { type ReadMapping, readMapping } from './read.ts'
import { segmentAt } from './source.ts'

/** What one record may cost. */
export interface Limits {
  /** Longest that one record may keep an expression running. Milliseconds; default 10 s. */
  timeout?: number
  /** Default true. False leaves all to the `jsonata` package, against which tests hold what is compiled. */
  compile?: boolean
}

const TIMEOUT = 10_000

/** A mapping that also says how it runs. */
export interface LoadedMapping extends Mapping {
  /** Null when it was compiled; else which part of JSONata leaves it to the (slower) interpreter. */
  interpreted: string | null
}

/**
 * Loads a mapping file. Called at start and when the configuration is applied. Throws TributaryError of kind
 * `config` with file, line and column; the mapping itself throws kind `input`.
 */
export async function loadMapping(file: string, limits: Limits = {}): Promise<LoadedMapping> {
  return runnable(await readMapping(file), limits)
}

/** Makes a mapping that was read runnable. `compile: false` leaves all to the interpreter. */
export async function runnable(read: ReadMapping, limits: Limits = {}): Promise<LoadedMapping> {
  const { run, reason } = limits.compile === false ? interpreter(read, limits) : compiled(read, limits)
  const required = read.require.map((field) => ({ field, steps: field.split('.') }))
  const evaluate = async (input: unknown, context: MapContext): Promise<unknown> => {
    try {
      return await run(input, bindings(context))
    } catch (error) {
      throw failure(read, error, await missingCodes(read, error, run, input, context))
    }
  }
  return Object.freeze({
    id: read.id,
    version: read.version,
    interpreted: reason,
    async map(input: unknown, context: MapContext): Promise<unknown> {
      const value = await evaluate(input, context)
      for (const { field, steps } of required) {
        const missing = firstMissing(value, steps, [])
        if (missing !== null) throw requiredFailure(read, field, missing)
      }
      return value
    },
  })
}

interface Runnable {
  run(input: unknown, bindings: Record<string, unknown>): unknown
  reason: string | null
}

function compiled(read: ReadMapping, { timeout = TIMEOUT }: Limits): Runnable {
  return describeExpression(read.source.text, { functions: FUNCTIONS, limits: { timeout } })
}

function interpreter(read: ReadMapping, { timeout = TIMEOUT }: Limits): Runnable {
  const expression = jsonata(read.source.text, { timeout })
  for (const [name, work] of Object.entries(FUNCTIONS)) expression.assign(name, work)
  return { run: (input, bound) => expression.evaluate(input, bound), reason: 'not asked for' }
}

function bindings(context: MapContext): Record<string, unknown> {
  const { codes, factors, ...rest } = context
  return { ...rest, ...codeFunctions(codes, factors) }
}

/** Path of the first place where a required field is empty; null when it is there everywhere. */
function firstMissing(value: unknown, steps: string[], at: (string | number)[]): string | null {
  if (steps.length === 0) {
    return value === undefined || value === null || value === '' ? at.join('.') : null
  }
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      const missing = firstMissing(item, steps, [...at, i])
      if (missing !== null) return missing
    }
    return null
  }
  const [step, ...rest] = steps
  const next =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step!] : undefined
  return firstMissing(next, rest, [...at, step!])
}

function requiredFailure(read: ReadMapping, field: string, missing: string): TributaryError {
  const wanted = `fields.${field}`
  const plain = (path: (string | number)[]) =>
    path.filter((p) => typeof p === 'string' && p !== '$value').join('.')
  const segment = read.source.segments.find((s) => plain(s.path) === wanted)
  return mappingError('MAPPING_REQUIRED', {
    file: segment?.file.file ?? read.file,
    line: segment?.file.locate(segment.path).line ?? 1,
    field: missing,
    expression: segment?.expression ?? field,
  })
}

/** What JSONata or one of our functions threw, with file, line, field and expression; values never shown. */
function failure(read: ReadMapping, error: unknown, more: ErrorDetail): TributaryError {
  const thrown = error as { position?: number; message?: string; code?: string; value?: unknown }
  const segment = segmentAt(read.source, thrown.position)
  const where: ErrorDetail = {
    file: segment?.file.file ?? read.file,
    line: segment?.file.locate(segment.path).line ?? 1,
    field: segment?.path.slice(1).join('.') ?? '?',
    expression: segment?.expression ?? '?',
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
