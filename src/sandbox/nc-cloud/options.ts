/** What a sandbox NC Cloud can be told at start, as types and as data for the command line. */
import type { Level, Padding } from './crypto.ts'

export interface NcCloudOptions {
  /** 0 or absent: the operating system chooses. */
  port?: number
  /** Path of the append-only log; without one nothing outlives the process. */
  log?: string
  /** The third-party app: its code and secret. */
  clientId: string
  clientSecret: string
  /** Codes of the business centres (account sets) that exist. */
  bizCenters: readonly string[]
  /** A user for `grant_type=password`; absent: nobody can log in so. */
  username?: string
  password?: string
  /** The app's private key, PKCS#8 PEM; absent: made at the first start and kept in the log. */
  privateKey?: string
  /** Security level of the app. Default L0. */
  securityLevel?: Level
  /** Which signatures are salted; sources contradict each other about calls. Default both. */
  salt?: 'both' | 'token' | 'none'
  /** How secrets are encrypted. Default oaep. */
  padding?: Padding
  /** Life of an access token, s. Default 1000000, the value of a published answer. */
  tokenLife?: number
  /** Paths that the app may call; absent: all that exist. */
  apis?: readonly string[]
  /** How long the same body counts as a repeat (`repeat_check: Y`), ms. Default 600000. */
  repeatWindow?: number
  /** Codes of the archives, as in the yonyou-nc sandbox. */
  materials?: readonly string[]
  customers?: readonly string[]
  orgs?: readonly string[]
  currencies?: readonly string[]
  /** Refuse fields that a sales order does not have. Default false. */
  fieldsStrict?: boolean
  /** Seed of the faults. Default 1. */
  seed?: number
}

/** An option as the command line offers it. */
interface OptionText {
  type: 'string' | 'number' | 'boolean' | 'list'
  default?: string | number | boolean
  description: string
}

/** The options by name, for `--help`; the names are the fields of `NcCloudOptions`. */
export const NC_CLOUD_OPTIONS: Readonly<Record<keyof NcCloudOptions, OptionText>> = Object.freeze({
  port: { type: 'number', default: 0, description: 'Port; 0 lets the operating system choose' },
  log: { type: 'string', description: 'Append-only log file; replayed at start' },
  clientId: { type: 'string', description: 'Code of the third-party app' },
  clientSecret: { type: 'string', description: 'Its secret' },
  bizCenters: { type: 'list', description: 'Codes of the business centres' },
  username: { type: 'string', description: 'User for grant_type=password' },
  password: { type: 'string', description: 'His password' },
  privateKey: { type: 'string', description: "The app's private key (PEM); none given: one is made" },
  securityLevel: { type: 'string', default: 'L0', description: 'L0 to L4' },
  salt: { type: 'string', default: 'both', description: 'Salted signatures: both, token or none' },
  padding: { type: 'string', default: 'oaep', description: 'RSA padding of secrets: oaep or pkcs1' },
  tokenLife: { type: 'number', default: 1_000_000, description: 'Life of an access token, s' },
  apis: { type: 'list', description: 'Paths that the app may call; none given: all' },
  repeatWindow: { type: 'number', default: 600_000, description: 'How long a body counts as a repeat, ms' },
  materials: { type: 'list', description: 'Material codes; default: the sandbox catalogue' },
  customers: { type: 'list', description: 'Customer codes; none given: all' },
  orgs: { type: 'list', description: 'Organisation codes; none given: all' },
  currencies: { type: 'list', description: 'Currency codes; none given: ISO 4217' },
  fieldsStrict: { type: 'boolean', default: false, description: 'Refuse fields a sales order lacks' },
  seed: { type: 'number', default: 1, description: 'Seed of the faults' },
})
