/** What the sandbox marketplace can be told at start, as types and as data for the command line. */

export interface LumavegaOptions {
  /** 0 or absent: the operating system chooses. */
  port?: number
  /** Path of the append-only log; without one nothing outlives the process. */
  log?: string
  appKey: string
  appSecret: string
  session: string
  /** Signs notifications. */
  hookSecret: string
  /** Where notifications go; without one there are none. */
  webhookUrl?: string
  /** Calls within one second. Default 20. */
  rate?: number
  /** Between accepting a shipment and looking at it, ms. Default 200 to 1500. */
  processAfter?: readonly [min: number, max: number]
  /** How far back orders may be searched, days. Default 90. */
  history?: number
  /** Multiplies the gaps between repeated notifications. Default 1. */
  retryScale?: number
  /** The receiver's time for its whole answer, ms. Default 3000. */
  answerTimeout?: number
  /** Seed of the faults. Default 1. */
  seed?: number
}

/** An option as the command line offers it; `range`: two numbers. */
interface OptionText {
  type: 'string' | 'number' | 'range'
  default?: string | number
  description: string
}

/** The options by name, for `--help`; the names are fields of `LumavegaOptions`. */
export const LUMAVEGA_OPTIONS: Readonly<Record<keyof LumavegaOptions, OptionText>> = Object.freeze({
  port: { type: 'number', default: 0, description: 'Port; 0 lets the operating system choose' },
  log: { type: 'string', description: 'Append-only log file; replayed at start' },
  appKey: { type: 'string', description: "The application's key" },
  appSecret: { type: 'string', description: "The application's secret, which signs calls" },
  session: { type: 'string', description: 'The session of the one shop' },
  hookSecret: { type: 'string', description: 'Secret that signs notifications' },
  webhookUrl: { type: 'string', description: 'Where notifications go' },
  rate: { type: 'number', default: 20, description: 'Calls within one second' },
  processAfter: {
    type: 'range',
    default: '200,1500',
    description: 'Between accepting a shipment and looking at it, ms',
  },
  history: { type: 'number', default: 90, description: 'How far back orders may be searched, days' },
  retryScale: {
    type: 'number',
    default: 1,
    description: 'Multiplies the gaps between repeated notifications',
  },
  answerTimeout: { type: 'number', default: 3000, description: 'Time for an answer to a notification, ms' },
  seed: { type: 'number', default: 1, description: 'Seed of the faults' },
})
