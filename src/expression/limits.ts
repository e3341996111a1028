/** What one evaluation may cost, and the counters of the one that runs. Evaluations are synchronous, so one set of counters is enough. */
import { fail } from './errors.ts'

/** Bounds of one evaluation. */
export interface Limits {
  /** Nesting of evaluations as the reference counts it; default: what the machine's stack bears. */
  depth?: number
  /** Calls and turns of loops; default unlimited (time bounds them). */
  steps?: number
  /** Milliseconds; default 10,000. Looked at every 10,000 steps. */
  timeout?: number
  /** Items of one list; default 10,000,000. */
  items?: number
  /** Characters of one text; default 100,000,000. */
  characters?: number
}

const CHUNK = 10_000
const NO_DEPTH = 1_000_000_000

/** The counters of the running evaluation. */
export const meter = {
  running: false,
  fuel: CHUNK,
  depth: 0,
  maxDepth: NO_DEPTH,
  maxItems: 10_000_000,
  maxCharacters: 100_000_000,
  /** Steps left behind the present fuel. */
  reserve: Number.POSITIVE_INFINITY,
  timeout: 10_000,
  /** Clock at the first look, 0 before it. */
  started: 0,
  /** What $now and $millis say, 0 before the first call. */
  now: 0,
}

export type Meter = typeof meter

/** Called at the start of an evaluation. Gives what `leave` needs: the counters of the evaluation around it. */
export function enter(limits: Limits): Meter | null {
  const outer = meter.running ? { ...meter } : null
  meter.running = true
  meter.depth = 0
  meter.maxDepth = limits.depth ?? NO_DEPTH
  meter.maxItems = limits.items ?? 10_000_000
  meter.maxCharacters = limits.characters ?? 100_000_000
  meter.timeout = limits.timeout ?? 10_000
  const steps = limits.steps ?? Number.POSITIVE_INFINITY
  meter.fuel = Math.min(steps, CHUNK)
  meter.reserve = steps - meter.fuel
  meter.started = 0
  meter.now = 0
  return outer
}

/** Called when an evaluation ends, however it does. */
export function leave(outer: Meter | null): void {
  if (outer) Object.assign(meter, outer)
  else meter.running = false
}

/** Called by generated code when the fuel is used up or the depth is reached. Throws U1001. */
export function spent(): void {
  if (meter.depth >= meter.maxDepth) fail('U1001', { reason: 'it is nested too deeply' })
  if (meter.fuel >= 0) return
  const now = Date.now()
  if (meter.started === 0) meter.started = now
  else if (now - meter.started > meter.timeout) {
    fail('U1001', { reason: `it ran longer than ${meter.timeout} ms` })
  }
  if (meter.reserve <= 0) fail('U1001', { reason: 'it took too many steps' })
  meter.fuel = Math.min(CHUNK, meter.reserve)
  meter.reserve -= meter.fuel
}

/** One step of a loop in the runtime. */
export function step(): void {
  if (--meter.fuel < 0) spent()
}

/** Refuses a list that is longer than allowed. */
export function checkItems(length: number): void {
  if (length > meter.maxItems) fail('D2015', { value: length, limit: meter.maxItems })
}

/** Gives the text back. Refuses one that is longer than allowed. */
export function checkText(text: string): string {
  if (text.length > meter.maxCharacters) {
    fail('U1001', { reason: `a text of more than ${meter.maxCharacters} characters` })
  }
  return text
}

/** The instant of this evaluation in milliseconds: the same at every call within it. */
export function instantNow(): number {
  if (meter.now === 0) meter.now = Date.now()
  return meter.now
}
