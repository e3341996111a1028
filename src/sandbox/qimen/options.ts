/** What a sandbox Qimen gateway can be told at start, as types and as data for the command line. */
import type { Wrap } from './sign.ts'

export interface QimenOptions {
  /** 0 or absent: the operating system chooses. */
  port?: number
  /** Path of the append-only log; without one nothing outlives the process. */
  log?: string
  /** The ERP's application key and its secret. */
  appKey: string
  secret: string
  /** The route id of the warehouse system behind the gateway. */
  customerId: string
  /** Warehouse codes it serves; OTHER is always taken. Default WH1. */
  warehouses?: readonly string[]
  /** Goods owner codes. Default OWNER1. */
  owners?: readonly string[]
  /** Item codes known from the start, for every owner. Default: the sandbox catalogue. */
  items?: readonly string[]
  /** Good pieces of every item in the first warehouse at the first start. Default 1000. */
  stock?: number
  /** Where the secret stands in the signed text: both (default) or tail. */
  wrap?: Wrap
  /** How far a request's timestamp may be off, s; 0: not looked at. Default 600. */
  clockTolerance?: number
  /** A second create under a known code: refuse (default) or accept (answered as the first one). */
  duplicates?: string
  /** Where confirms and reports are posted; absent: nowhere, they wait. */
  callbackUrl?: string
  /** What stands before the names of the methods that are posted there. Default taobao.qimen. */
  callbackPrefix?: string
  /** First wait before a confirm is sent again, ms; doubles up to a minute. Default 1000. */
  retryAfter?: number
  /** Ships and receives everything by itself so long after its create, ms; absent: only when told. */
  workAfter?: number
  /** Seed of the faults. Default 1. */
  seed?: number
}

/** An option as the command line offers it. */
interface OptionText {
  type: 'string' | 'number' | 'list'
  default?: string | number
  description: string
}

/** The options by name, for `--help`; the names are the fields of `QimenOptions`. */
export const QIMEN_OPTIONS: Readonly<Record<keyof QimenOptions, OptionText>> = Object.freeze({
  port: { type: 'number', default: 0, description: 'Port; 0 lets the operating system choose' },
  log: { type: 'string', description: 'Append-only log file; replayed at start' },
  appKey: { type: 'string', description: "The ERP's application key" },
  secret: { type: 'string', description: 'Its secret, which signs in both directions' },
  customerId: { type: 'string', description: 'Route id of the warehouse system' },
  warehouses: { type: 'list', default: 'WH1', description: 'Warehouse codes' },
  owners: { type: 'list', default: 'OWNER1', description: 'Goods owner codes' },
  items: { type: 'list', description: 'Item codes known from the start; default: the sandbox catalogue' },
  stock: { type: 'number', default: 1000, description: 'Good pieces of every item at first' },
  wrap: { type: 'string', default: 'both', description: 'Secret in the signed text: both ends or tail' },
  clockTolerance: { type: 'number', default: 600, description: 'Tolerated clock difference, s; 0: any' },
  duplicates: { type: 'string', default: 'refuse', description: 'A code used twice: refuse or accept' },
  callbackUrl: { type: 'string', description: 'Where confirms and reports are posted' },
  callbackPrefix: { type: 'string', default: 'taobao.qimen.', description: 'Prefix of posted methods' },
  retryAfter: { type: 'number', default: 1000, description: 'First wait before a repeat, ms' },
  workAfter: { type: 'number', description: 'Ships and receives by itself after so many ms' },
  seed: { type: 'number', default: 1, description: 'Seed of the faults' },
})
