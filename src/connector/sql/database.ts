/** A database as the streams need it: statements inside read-only transactions, values as exact text. */
import type { DialectName } from '../manifest-source.ts'

/**
 * What a column's values are. `instant`: a time with a zone, as text in UTC; `local`: without one; `date`; `decimal`:
 * exact text; `integer`, `float`: text of a number; `json`; `bytes`; `boolean`; `text`: as it is.
 */
export type Kind =
  | 'instant'
  | 'local'
  | 'date'
  | 'decimal'
  | 'integer'
  | 'float'
  | 'boolean'
  | 'json'
  | 'bytes'
  | 'text'

export interface Column {
  name: string
  kind: Kind
}

/** Null, text (numbers and times as the database writes them), or bytes. */
export type Raw = string | Buffer | null

export interface Rows {
  columns: Column[]
  rows: Raw[][]
}

export interface Session {
  /** One statement; the values stand for the dialect's parameters, in order. */
  query(sql: string, values: readonly string[]): Promise<Rows>
}

export interface Database {
  dialect: DialectName
  /**
   * Runs `work` in one transaction that can change nothing and, where the database can, sees one state. Throws
   * SOURCE_*.
   */
  read<T>(work: (session: Session) => Promise<T>, signal: AbortSignal): Promise<T>
  close(): Promise<void>
}

/** Where it is and as whom it is read; settings are filled in. */
export interface Address {
  connection: string
  dialect: DialectName
  host: string
  port: number | null
  database: string
  user: string
  password: string
  tls: 'off' | 'on' | 'unchecked'
  /** Of one statement. Milliseconds. */
  timeout: number
}

/** Connections that are kept open at most: one polls, one reads history or by id. */
export const POOL = 2

/** How long connecting may take. Milliseconds. */
export const CONNECT = 10_000
