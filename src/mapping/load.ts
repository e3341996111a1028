/**
 * Mapping files made runnable: the whole `fields` tree is one JSONata expression, compiled to one JavaScript
 * function that is called once per record.
 */
import jsonata from 'jsonata'
import type { MapContext, Mapping } from '../core/ports.ts'
import { describeExpression } from '../expression/compile.ts'
import { type Failing, failure, originOf, requiredFailure } from './failures.ts'
import { codeFunctions, FUNCTIONS } from './functions.ts'
import { missingCodes } from './missing-codes.ts'
import { type MappingForm, type ReadMapping, type ReadText, readMapping } from './read.ts'

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
  origin: NonNullable<Mapping['origin']>
}

/**
 * Loads a mapping file. Called at start and when the configuration is applied. `text`: as `readMapping` takes it.
 * Throws TributaryError of kind `config` with file, line and column; the mapping itself throws kind `input`.
 */
export async function loadMapping(
  file: string,
  limits: Limits = {},
  text?: ReadText,
): Promise<LoadedMapping> {
  return runnable(await readMapping(file, text), limits)
}

/** Makes a mapping that was read runnable. `compile: false` leaves all to the interpreter. */
export async function runnable(read: ReadMapping, limits: Limits = {}): Promise<LoadedMapping> {
  const create = readyForm(read.whole, limits)
  const update = read.update ? readyForm(read.update, limits) : create
  const formFor = (context: MapContext) => (context.push?.previous ? update : create)
  const failing = ({ form }: ReadyForm, input: unknown, context: MapContext): Failing => ({
    read,
    form,
    input,
    bindings: bindings(context),
    timeout: limits.timeout ?? TIMEOUT,
  })
  return Object.freeze({
    id: read.id,
    version: read.version,
    interpreted: create.reason,
    async map(input: unknown, context: MapContext): Promise<unknown> {
      const ready = formFor(context)
      let value: unknown
      try {
        value = ready.run(input, bindings(context))
        if (value instanceof Promise) value = await value
      } catch (error) {
        const lacks = await missingCodes(read, error, ready.run, input, context)
        throw failure(failing(ready, input, context), error, lacks)
      }
      for (let i = 0; i < ready.required.length; i++) {
        const { steps } = ready.required[i]!
        const missing = firstMissing(value, steps, 0)
        if (missing !== null) throw requiredFailure(failing(ready, input, context), steps, missing)
      }
      return value
    },
    origin: (field: string, input: unknown, context: MapContext) =>
      originOf(failing(formFor(context), input, context), field),
  })
}

interface Runnable {
  run(input: unknown, bindings: Record<string, unknown>): unknown
  reason: string | null
}

interface ReadyForm extends Runnable {
  form: MappingForm
  required: { steps: string[] }[]
}

function readyForm(form: MappingForm, limits: Limits): ReadyForm {
  const { run, reason } = limits.compile === false ? interpreter(form, limits) : compiled(form, limits)
  return { form, run, reason, required: form.require.map((field) => ({ steps: field.split('.') })) }
}

function compiled(form: MappingForm, { timeout = TIMEOUT }: Limits): Runnable {
  return describeExpression(form.source.text, { functions: FUNCTIONS, limits: { timeout } })
}

function interpreter(form: MappingForm, { timeout = TIMEOUT }: Limits): Runnable {
  const expression = jsonata(form.source.text, { timeout })
  for (const [name, work] of Object.entries(FUNCTIONS)) expression.assign(name, work)
  return { run: (input, bound) => expression.evaluate(input, bound), reason: 'not asked for' }
}

type CodeFunctions = ReturnType<typeof codeFunctions>

const NO_CODES: CodeFunctions = codeFunctions()
const codesKept = new WeakMap<object, CodeFunctions>()

/** The code tables of a connection are the same object for all its records. */
function codesOf({ codes, factors }: MapContext): CodeFunctions {
  if (!codes) return NO_CODES
  let made = codesKept.get(codes)
  if (!made) {
    made = codeFunctions(codes, factors)
    codesKept.set(codes, made)
  }
  return made
}

function bindings(given: MapContext): Record<string, unknown> {
  const { connection, entity, settings, company, push } = given
  const context = { connection, entity, settings, company, push }
  // A new part of the context that is not bound does not compile.
  context satisfies Record<Exclude<keyof MapContext, 'codes' | 'factors'>, unknown>
  return { ...codesOf(given), ...context }
}

/** Path of the first place where a required field is empty; null when it is there everywhere. */
function firstMissing(value: unknown, steps: string[], at: number): string | null {
  if (at === steps.length) return value === undefined || value === null || value === '' ? '' : null
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const missing = firstMissing(value[i], steps, at)
      if (missing !== null) return joined(String(i), missing)
    }
    return null
  }
  const step = steps[at]!
  const next =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined
  const missing = firstMissing(next, steps, at + 1)
  return missing === null ? null : joined(step, missing)
}

const joined = (step: string, rest: string): string => (rest === '' ? step : `${step}.${rest}`)
