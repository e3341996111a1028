/** What a sandbox Taobao shop can be told at start, as types and as data for the command line. */

export interface TaobaoOptions {
  /** 0 or absent: the operating system chooses. */
  port?: number
  /** Path of the append-only log; without one nothing outlives the process. */
  log?: string
  /** The application's key and secret. */
  appKey: string
  appSecret: string
  /** The session (access token) that counts from the start. */
  session: string
  /** The seller's nick. Default 样例旗舰店. */
  sellerNick?: string
  /** Seconds that a session lives. Default 86400. */
  accessSeconds?: number
  /** Seconds that a grant lives, its refreshed sessions contained. Default 2592000. */
  refreshSeconds?: number
  /** Calls a second that the platform lets through, answering the rest with error 7; 0: all. Default 0. */
  callsPerSecond?: number
  /** Seconds after which a message that was consumed and not confirmed comes again. Default 60. */
  redeliverSeconds?: number
  /** Seed of the faults. Default 1. */
  seed?: number
}

/** Number of the shop's trade `serial` (from 0): steps of a thousand beyond 2^53, so what JavaScript rounds is another's. */
export const tradeId = (serial: number): string => String(4_100_000_000_000_000_001n + BigInt(serial) * 1000n)

/** An option as the command line offers it. */
interface OptionText {
  type: 'string' | 'number'
  default?: string | number
  description: string
}

/** The options by name, for `--help`; the names are the fields of `TaobaoOptions`. */
export const TAOBAO_OPTIONS: Readonly<Record<keyof TaobaoOptions, OptionText>> = Object.freeze({
  port: { type: 'number', default: 0, description: 'Port; 0 lets the operating system choose' },
  log: { type: 'string', description: 'Append-only log file; replayed at start' },
  appKey: { type: 'string', description: "The application's key" },
  appSecret: { type: 'string', description: "The application's secret, which signs calls" },
  session: { type: 'string', description: 'Session (access token) that counts from the start' },
  sellerNick: { type: 'string', default: '样例旗舰店', description: "The seller's nick" },
  accessSeconds: { type: 'number', default: 86_400, description: 'Seconds that a session lives' },
  refreshSeconds: { type: 'number', default: 2_592_000, description: 'Seconds that a grant lives' },
  callsPerSecond: { type: 'number', default: 0, description: 'Calls a second that are let through; 0: all' },
  redeliverSeconds: {
    type: 'number',
    default: 60,
    description: 'Seconds after which an unconfirmed message comes again',
  },
  seed: { type: 'number', default: 1, description: 'Seed of the faults' },
})
