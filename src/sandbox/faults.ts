/**
 * The fault switchboard of a sandbox: named faults with a probability each, switched at run time by
 * `POST /_sandbox/faults`, drawn from a seed so that a run can be repeated. Faults are not kept over a
 * restart.
 */
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Random, random } from './generate/random.ts'

/**
 * Faults that every sandbox knows. `latency` waits `min`..`max` ms before the work; `status429` and
 * `status500` and `resetBefore` answer without doing it; `resetAfter`, `empty200` and `error500After` do it
 * and then lose the answer.
 */
export const HTTP_FAULTS = [
  'latency',
  'status429',
  'status500',
  'resetBefore',
  'resetAfter',
  'empty200',
  'error500After',
] as const

/** One switched-on fault. `times`: how often it may still strike; absent means without end. `min`/`max`: ms. */
export interface FaultRule {
  probability: number
  times?: number
  min?: number
  max?: number
}

export interface Faults {
  /**
   * Applies a patch; faults not named stay as they are, `{"off": 1}` switches all off first, `seed` starts
   * the sequence anew. Throws RangeError for an unknown name or a probability outside 0..1.
   */
  set(patch: Record<string, unknown>): void
  /** The rules that are on, by name. */
  current(): Record<string, FaultRule>
  /** How often each fault has struck. */
  struck(): Record<string, number>
  /** Draws: the rule when the fault strikes now, else null. */
  hit(name: string): FaultRule | null
  /** The seeded chance, for faults that need more than yes or no. */
  random(): Random
}

/** Makes the switchboard; `extra` are the faults that only this sandbox knows. All are off at first. */
export function createFaults(extra: readonly string[] = [], seed = 1): Faults {
  const names = new Set<string>([...HTTP_FAULTS, ...extra])
  const rules = new Map<string, FaultRule>()
  const counts: Record<string, number> = {}
  let dice = random(seed)
  return {
    set(patch) {
      const next = Object.entries(patch)
        .filter(([name]) => name !== 'seed' && name !== 'off')
        .map(([name, value]) => [name, ruleOf(names, name, value)] as const)
      if (patch.off) rules.clear()
      if (typeof patch.seed === 'number') dice = random(patch.seed)
      for (const [name, rule] of next) rule ? rules.set(name, rule) : rules.delete(name)
    },
    current: () => Object.fromEntries(rules),
    struck: () => ({ ...counts }),
    random: () => dice,
    hit(name) {
      const rule = rules.get(name)
      if (!rule || rule.times === 0 || !dice.chance(rule.probability)) return null
      if (rule.times !== undefined) rule.times -= 1
      counts[name] = (counts[name] ?? 0) + 1
      return rule
    },
  }
}

function ruleOf(names: Set<string>, name: string, value: unknown): FaultRule | null {
  if (!names.has(name)) throw new RangeError(`unknown fault ${name}; known: ${[...names].join(', ')}`)
  if (value === null || value === 0) return null
  const rule = typeof value === 'number' ? { probability: value } : { ...(value as FaultRule) }
  if (typeof rule.probability !== 'number') rule.probability = 1
  if (!(rule.probability >= 0 && rule.probability <= 1)) {
    throw new RangeError(`fault ${name}: probability must be from 0 to 1`)
  }
  return rule
}

/** A delay drawn between the rule's `min` and `max` (ms; a missing end equals the other, both missing 0). */
export function delayOf(rule: FaultRule, dice: Random): number {
  const min = rule.min ?? 0
  return dice.whole(min, Math.max(min, rule.max ?? min))
}

/**
 * Call before the work of a request is done. Returns true when the fault has answered (or cut the
 * connection) and nothing may be done or written any more.
 */
export async function faultBefore(faults: Faults, res: ServerResponse): Promise<boolean> {
  const late = faults.hit('latency')
  if (late) await sleep(delayOf(late, faults.random()))
  if (faults.hit('resetBefore')) return cut(res)
  if (faults.hit('status429')) {
    res.writeHead(429, { 'Retry-After': '1', 'Content-Type': 'text/plain' }).end('Too Many Requests')
    return true
  }
  if (faults.hit('status500')) {
    res.writeHead(500, { 'Content-Type': 'text/plain' }).end('Internal Server Error')
    return true
  }
  return false
}

/**
 * Call after the work is done and logged, instead of or before the answer. Returns true when the answer has
 * been lost (connection cut, empty 200 or a 500) and must not be written.
 */
export function faultAfter(faults: Faults, res: ServerResponse): boolean {
  if (faults.hit('resetAfter')) return cut(res)
  if (faults.hit('empty200')) {
    res.writeHead(200, { 'Content-Length': '0' }).end()
    return true
  }
  if (faults.hit('error500After')) {
    res.writeHead(500, { 'Content-Type': 'text/plain' }).end('Internal Server Error')
    return true
  }
  return false
}

/** Ends the connection with a TCP reset, as a crashed peer or a middlebox would. Always true. */
function cut(res: ServerResponse): true {
  res.socket?.resetAndDestroy()
  return true
}
