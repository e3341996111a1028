/** What a database driver throws, as one of ours. */
import { createRequire } from 'node:module'
import { TributaryError } from '../../core/errors/error.ts'
import { sourceError } from '../../core/errors/source.ts'
import type { Address } from './database.ts'

export interface SqlFailure {
  kind: 'config' | 'slow' | 'away'
  reason: string
  cause: unknown
}

/**
 * Judges by the driver's code: its whole, or its first two characters. Only what a person must mend in the settings
 * (rights, names, syntax) is told in the database's words: those of other failures may quote data.
 */
export function sqlFailure(
  error: unknown,
  codes: Record<string, 'config' | 'slow'>,
): SqlFailure | TributaryError {
  if (error instanceof TributaryError) return error
  const { code, errno, message } = error as { code?: unknown; errno?: number; message?: string }
  const name = typeof code === 'string' || typeof code === 'number' ? String(code) : 'no code'
  const kind = codes[name] ?? codes[String(errno)] ?? codes[name.slice(0, 2)] ?? 'away'
  // class 22 is about values
  const words = kind === 'config' && !name.startsWith('22') ? ` ${oneLine(message ?? '')}` : ''
  return { kind, reason: `${name}${words}`, cause: error }
}

const oneLine = (text: string): string => text.split('\n')[0]!.slice(0, 200)

/** SOURCE_REFUSED, SOURCE_SLOW or SOURCE_AWAY; what is one of ours already stays. */
export function judged(address: Address, failure: SqlFailure | TributaryError): TributaryError {
  if (failure instanceof TributaryError) return failure
  const { connection, host, timeout } = address
  const { kind, reason, cause } = failure
  if (kind === 'slow')
    return sourceError('SOURCE_SLOW', { connection, host, limit: `${timeout / 1000} s` }, cause)
  const code = kind === 'config' ? 'SOURCE_REFUSED' : 'SOURCE_AWAY'
  return sourceError(code, { connection, host, reason }, cause)
}

/** A driver, loaded when it is needed. Throws SOURCE_DRIVER where it is not installed. */
export async function driver<T>(connection: string, name: string): Promise<T> {
  try {
    // asked for its place first: what a driver itself lacks must not pass for its own absence
    createRequire(import.meta.url).resolve(name)
  } catch (error) {
    throw sourceError('SOURCE_DRIVER', { connection, driver: name }, error)
  }
  return (await import(name)) as T
}
