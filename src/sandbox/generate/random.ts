/** A small seeded source of chance (mulberry32, public domain): same seed, same sequence, everywhere. */

/** Chance in several shapes; every call moves the one sequence on. */
export interface Random {
  /** A number ≥ 0 and < 1. */
  next(): number
  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number
  /** True with the given probability (0 never, 1 always). */
  chance(probability: number): boolean
  /** One of a non-empty list. */
  pick<T>(from: readonly T[]): T
}

/** Starts a sequence; `seed` is any whole number, its low 32 bits count. */
export function random(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return {
    next,
    whole: (min, max) => min + Math.floor(next() * (max - min + 1)),
    chance: (probability) => next() < probability,
    pick: (from) => from[Math.floor(next() * from.length)]!,
  }
}
