/** What a naive ERP can be told at start, as types and as data for the command line. */

export interface NaiveErpOptions {
  /** 0 or absent: the operating system chooses. */
  port?: number
  /** Path of the append-only log; without one nothing outlives the process. */
  log?: string
  /** The bearer token that every call must carry. */
  token: string
  /** Seed of lags, late commits and faults. Default 1. */
  seed?: number
  /** Finds show a change this long after its commit, ms, drawn per change. Default [0, 20000]. */
  lag?: readonly [number, number]
  /** Share of writes that never answer and commit after the caller gave up, 0..1. Default 0.3. */
  lateRate?: number
  /** How long after the caller gave up such a write commits, ms. Default [0, 10000]. */
  lateBy?: readonly [number, number]
  /** How long a silent connection is held at most before it is cut, ms. Default 60000. */
  holdMs?: number
  /** Codes of the articles it knows; absent: all. */
  items?: readonly string[]
}

/** An option as the command line offers it. */
interface OptionText {
  type: 'string' | 'number' | 'range' | 'list'
  default?: string | number
  description: string
}

/** The options by name, for `--help`; the names are the fields of `NaiveErpOptions`. A range is `min,max`. */
export const NAIVE_ERP_OPTIONS: Readonly<Record<keyof NaiveErpOptions, OptionText>> = Object.freeze({
  port: { type: 'number', default: 0, description: 'Port; 0 lets the operating system choose' },
  log: { type: 'string', description: 'Append-only log file; replayed at start' },
  token: { type: 'string', description: 'Bearer token that every call must carry' },
  seed: { type: 'number', default: 1, description: 'Seed of lags, late commits and faults' },
  lag: { type: 'range', default: '0,20000', description: 'Lag of finds behind a commit, ms' },
  lateRate: { type: 'number', default: 0.3, description: 'Share of writes that commit unanswered' },
  lateBy: { type: 'range', default: '0,10000', description: 'Time from giving up to the late commit, ms' },
  holdMs: { type: 'number', default: 60_000, description: 'Longest silence before the line is cut, ms' },
  items: { type: 'list', description: 'Article codes it knows; none given: all' },
})
