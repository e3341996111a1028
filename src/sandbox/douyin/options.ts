/** What a sandbox Douyin shop can be told at start, as types and as data for the command line. */

export interface DouyinOptions {
  /** 0 or absent: the operating system chooses. */
  port?: number
  /** Path of the append-only log; without one nothing outlives the process. */
  log?: string
  /** The app's key, 19 digits, and its secret, which signs calls and pushes. */
  appKey: string
  appSecret: string
  /** The shop that the app may act for. */
  shopId: string
  /** The code of an authorisation by the merchant (`authorization_code`); absent: none is known. */
  code?: string
  /** Where pushes go; absent: nowhere. */
  pushUrl?: string
  /** Life of an access token, s. Default 7 days; a refresh token lives twice as long. */
  tokenLife?: number
  /** Refuse the old md5 signature, as the platform has announced. Default false. */
  hmacOnly?: boolean
  /** How far a call's timestamp may be off, s. Default 600. */
  clockTolerance?: number
  /** Calls per second before the gateway throttles; 0: never. Default 0. */
  callsPerSecond?: number
  /** Messages in one push. Default 1. */
  pushBatch?: number
  /** Seconds before each push retry. */
  retryGaps?: readonly number[]
  /** Multiplies the gaps. Default 1. */
  retryScale?: number
  /** The receiver's time for its whole answer to a push, ms. Default 3000. */
  answerTimeout?: number
  /** Seed of the faults. Default 1. */
  seed?: number
}

/** An option as the command line offers it. */
interface OptionText {
  type: 'string' | 'number' | 'boolean'
  default?: string | number | boolean
  description: string
}

/** The options by name, for `--help`; the names are fields of `DouyinOptions`. */
export const DOUYIN_OPTIONS: Readonly<Record<Exclude<keyof DouyinOptions, 'retryGaps'>, OptionText>> =
  Object.freeze({
    port: { type: 'number', default: 0, description: 'Port; 0 lets the operating system choose' },
    log: { type: 'string', description: 'Append-only log file; replayed at start' },
    appKey: { type: 'string', description: "The app's key, 19 digits" },
    appSecret: { type: 'string', description: "The app's secret, which signs calls and pushes" },
    shopId: { type: 'string', description: 'The shop that the app may act for' },
    code: { type: 'string', description: 'Code of an authorisation by the merchant' },
    pushUrl: { type: 'string', description: 'Where pushes go; none given: nowhere' },
    tokenLife: { type: 'number', default: 604_800, description: 'Life of an access token, s' },
    hmacOnly: { type: 'boolean', default: false, description: 'Refuse the old md5 signature' },
    clockTolerance: { type: 'number', default: 600, description: "How far a call's timestamp may be off, s" },
    callsPerSecond: {
      type: 'number',
      default: 0,
      description: 'Calls per second before throttling; 0: never',
    },
    pushBatch: { type: 'number', default: 1, description: 'Messages in one push' },
    retryScale: { type: 'number', default: 1, description: 'Multiplies the gaps between push retries' },
    answerTimeout: { type: 'number', default: 3000, description: 'Time for an answer to a push, ms' },
    seed: { type: 'number', default: 1, description: 'Seed of the faults' },
  })
