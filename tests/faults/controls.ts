/** Negative controls: with one rule of the push protocol broken, a run must find the damage. */
import type { Sabotage } from '../../src/core/sabotage.ts'
import type { RunOptions } from './harness.ts'

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

export interface Control {
  options: RunOptions
  /** What the run must find, among its problems. */
  damage: RegExp
}

const DOUBLED = /documents: expected 1, found [2-9]/

export const CONTROLS: Record<Sabotage, Control> = {
  'find-off': { options: { ...NAIVE, sabotage: 'find-off' }, damage: DOUBLED },
  // webhooks alone bring the orders, none of them lost on the way
  'early-answer': {
    options: {
      ...NAIVE,
      erp: 'nc-per-bill',
      polls: false,
      callTimeout: 4000,
      crashes: ['receive.taken'],
      sabotage: 'early-answer',
    },
    damage: /documents: expected 1, found 0/,
  },
  // finds lag longer than the lease's margin, so only `settle` keeps them from believing too early
  'settle-zero': {
    options: {
      ...NAIVE,
      lag: [8000, 12_000],
      lateBy: [0, 2000],
      settle: 15_000,
      erpFaults: { resetAfter: 0.4 },
      sabotage: 'settle-zero',
    },
    damage: DOUBLED,
  },
  'lease-ignored': { options: { ...NAIVE, sabotage: 'lease-ignored' }, damage: DOUBLED },
}
