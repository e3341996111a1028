/** Negative controls: with one rule of the push protocol broken, a run must find the damage. */
import { describe, expect, it } from 'vitest'
import type { Sabotage } from '../../src/core/sabotage.ts'
import { type RunOptions, runFaults } from './harness.ts'

const NAIVE: RunOptions = {
  storage: 'embedded',
  erp: 'naive',
  seed: 11,
  orders: 40,
  kills: 1,
  crashes: ['deliver.sent'],
  longest: 800,
  killer: false,
  quietWithin: 15_000,
  callTimeout: 800,
  lag: [0, 500],
  lateBy: [0, 500],
  settle: 1500,
  shopFaults: {},
}

/** Finds lag longer than the lease's margin, so only `settle` keeps them from believing too early. */
const SLOW_INDEX: Partial<RunOptions> = {
  lag: [8000, 12_000],
  lateBy: [0, 2000],
  settle: 15_000,
  erpFaults: { resetAfter: 0.4 },
}

/** Webhooks alone bring the orders, none of them lost on the way. */
const HOOKS_ONLY: Partial<RunOptions> = {
  erp: 'nc-per-bill',
  polls: false,
  callTimeout: 4000,
  crashes: ['receive.taken'],
}

const CONTROLS: [Sabotage, Partial<RunOptions>, RegExp][] = [
  ['find-off', {}, /documents: expected 1, found [2-9]/],
  ['early-answer', HOOKS_ONLY, /documents: expected 1, found 0/],
  ['settle-zero', SLOW_INDEX, /documents: expected 1, found [2-9]/],
  ['lease-ignored', {}, /documents: expected 1, found [2-9]/],
]

describe('a run finds the damage when', () => {
  it.each(CONTROLS)(
    '%s',
    async (sabotage, options, damage) => {
      const { problems } = await runFaults({ ...NAIVE, ...options, sabotage })
      expect(problems.join('\n')).toMatch(damage)
    },
    200_000,
  )
})
