/** What a sandbox shop can be told at start, as types and as data for the command line. */
import type { Plan } from './cost.ts'
import type { ShopFacts } from './graph.ts'

export interface ShopifyOptions {
  /** 0 or absent: the operating system chooses. */
  port?: number
  /** Path of the append-only log; without one nothing outlives the process. */
  log?: string
  /** What `X-Shopify-Access-Token` must say. */
  token: string
  /** The app's client secret, which signs webhooks. */
  secret: string
  /** Subscribes all topics at start; `{topic}` in it becomes `orders-create` and so on. */
  webhookUrl?: string
  /** Query cost points: the bucket and its refill per second. Default 2000 and 100, the smallest plan. */
  plan?: Plan
  /** The same two one by one, for the command line; they go before `plan`. */
  maximumAvailable?: number
  restoreRate?: number
  /** Seconds before each webhook retry; the defaults add up to 4 h. */
  retryGaps?: readonly number[]
  /** Multiplies the gaps. Default 1. */
  retryScale?: number
  /** Webhook requests at a time. Default 64. */
  concurrency?: number
  /** The receiver's time for its whole answer, ms. Default 5000. */
  answerTimeout?: number
  /** Seed of the faults. Default 1. */
  seed?: number
  shop?: Partial<ShopFacts>
}

/** An option as the command line offers it. */
interface OptionText {
  type: 'string' | 'number'
  default?: string | number
  description: string
}

type CommandLine = Exclude<keyof ShopifyOptions, 'plan' | 'retryGaps' | 'shop'>

/** The options by name, for `--help`; the names are fields of `ShopifyOptions`. */
export const SHOPIFY_OPTIONS: Readonly<Record<CommandLine, OptionText>> = Object.freeze({
  port: { type: 'number', default: 0, description: 'Port; 0 lets the operating system choose' },
  log: { type: 'string', description: 'Append-only log file; replayed at start' },
  token: { type: 'string', description: 'Admin API access token' },
  secret: { type: 'string', description: "The app's client secret, which signs webhooks" },
  webhookUrl: { type: 'string', description: 'Where webhooks go; {topic} becomes orders-create and so on' },
  maximumAvailable: { type: 'number', default: 2000, description: 'Query cost points that the bucket holds' },
  restoreRate: { type: 'number', default: 100, description: 'Query cost points refilled per second' },
  retryScale: {
    type: 'number',
    default: 1,
    description: 'Multiplies the gaps between webhook retries (4 h)',
  },
  concurrency: { type: 'number', default: 64, description: 'Webhook requests at a time' },
  answerTimeout: { type: 'number', default: 5000, description: 'Time for an answer to a webhook, ms' },
  seed: { type: 'number', default: 1, description: 'Seed of the faults' },
})
