/** What a sandbox Pinduoduo shop can be told at start, as types and as data for the command line. */

export interface PinduoduoOptions {
  /** 0 or absent: the operating system chooses. */
  port?: number
  /** Path of the append-only log; without one nothing outlives the process. */
  log?: string
  /** The application's id and secret. */
  clientId: string
  clientSecret: string
  /** The access token that counts from the start. */
  accessToken: string
  /** Seconds that the end of an incremental window must lie back. Default 180; 0 lets it be now. */
  tailSeconds?: number
  /** Seconds that an access token lives. Default 86400. */
  accessSeconds?: number
  /** Seconds that a grant lives, its refreshed tokens contained. Default 2592000. */
  refreshSeconds?: number
  /** Calls a second that the platform lets through, answering the rest with error 70031; 0: all. Default 0. */
  callsPerSecond?: number
  /** Seed of the faults. Default 1. */
  seed?: number
}

/** An option as the command line offers it. */
interface OptionText {
  type: 'string' | 'number'
  default?: string | number
  description: string
}

/** The options by name, for `--help`; the names are the fields of `PinduoduoOptions`. */
export const PINDUODUO_OPTIONS: Readonly<Record<keyof PinduoduoOptions, OptionText>> = Object.freeze({
  port: { type: 'number', default: 0, description: 'Port; 0 lets the operating system choose' },
  log: { type: 'string', description: 'Append-only log file; replayed at start' },
  clientId: { type: 'string', description: "The application's client id" },
  clientSecret: { type: 'string', description: "The application's client secret, which signs calls" },
  accessToken: { type: 'string', description: 'Access token that counts from the start' },
  tailSeconds: {
    type: 'number',
    default: 180,
    description: 'Seconds that the end of an incremental window must lie back; 0: none',
  },
  accessSeconds: { type: 'number', default: 86_400, description: 'Seconds that an access token lives' },
  refreshSeconds: { type: 'number', default: 2_592_000, description: 'Seconds that a grant lives' },
  callsPerSecond: { type: 'number', default: 0, description: 'Calls a second that are let through; 0: all' },
  seed: { type: 'number', default: 1, description: 'Seed of the faults' },
})
