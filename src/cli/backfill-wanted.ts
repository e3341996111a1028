/** What a backfill is asked for on the command line: days, instants and durations, ids as a list or in a file. */
import { readFileSync, statSync } from 'node:fs'
import { businessDay } from '../core/business-day.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import { readSince } from './context.ts'

/** A day of the company (its beginning), an instant with its zone, or a duration ago; RFC 3339. Throws RUNTIME_REQUEST. */
export function readMoment(option: string, text: string | undefined, zone: string): string | undefined {
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return readSince(option, text)
  try {
    return businessDay(text, zone).since.toISOString()
  } catch (error) {
    throw runtimeError('RUNTIME_REQUEST', { field: `--${option}`, reason: (error as Error).message }, error)
  }
}

/**
 * `1001,1002`, or a file with one id per line (of a CSV file the first column, without a heading: a first line without
 * a digit where others have some). Throws RUNTIME_REQUEST where nothing is left.
 */
export function readIds(given: string | undefined): string[] | undefined {
  if (given === undefined) return undefined
  const isFile = statSync(given, { throwIfNoEntry: false })?.isFile() === true
  const ids = isFile ? idsOfFile(readFileSync(given, 'utf8')) : given.split(/[\s,;]+/)
  const wanted = ids.map((id) => id.trim()).filter((id) => id !== '')
  if (wanted.length > 0) return wanted
  throw runtimeError('RUNTIME_REQUEST', { field: '--ids', reason: 'there is no id in it' })
}

function idsOfFile(text: string): string[] {
  const cells = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.split(/[,;\t]/)[0]!.replace(/^"(.*)"$/, '$1'))
    .filter((cell) => cell.trim() !== '')
  const [first, ...rest] = cells
  const heading = first !== undefined && !/\d/.test(first) && rest.some((cell) => /\d/.test(cell))
  return heading ? rest : cells
}
