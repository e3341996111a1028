/** What may stand in a code table. */
import { runtimeError } from '../core/errors/runtime.ts'
import { nearest } from '../core/yaml.ts'
import type { CodeImportEntry } from './operations-code-types.ts'

/** Entries of one import. */
export const MOST_ENTRIES = 200_000
/** Characters. */
export const LONGEST_KEY = 500
export const LONGEST_VALUE = 1000

/** True for decimal text above 0 with at most 12 digits before and 9 after the point. */
export function isFactor(text: string): boolean {
  return /^\d{1,12}(\.\d{1,9})?$/.test(text) && /[1-9]/.test(text)
}

/** Throws RUNTIME_REQUEST for the first entry that cannot be stored. `connections` null: not known here. */
export function checkEntries(entries: CodeImportEntry[], connections: string[] | null): void {
  if (entries.length > MOST_ENTRIES) throw refused('entries', `at most ${MOST_ENTRIES}`)
  const seen = new Map<string, number>()
  entries.forEach((entry, i) => {
    for (const name of ['connection', 'table', 'key', 'value'] as const) {
      const problem = textProblem(entry[name], name === 'value' ? LONGEST_VALUE : LONGEST_KEY)
      if (problem) throw refused(`entries[${i}].${name}`, problem)
    }
    if (entry.factor !== undefined && entry.factor !== null && !isFactor(entry.factor)) {
      throw refused(`entries[${i}].factor`, 'decimal text above 0, such as "12" or "0.5"')
    }
    if (connections && !connections.includes(entry.connection)) {
      const near = nearest(entry.connection, connections)
      throw refused(
        `entries[${i}].connection`,
        `no such connection${near ? ` (did you mean "${near}"?)` : ''}`,
      )
    }
    const name = JSON.stringify([entry.connection, entry.table, entry.key])
    const first = seen.get(name)
    if (first !== undefined) throw refused(`entries[${i}].key`, `comes twice, first in entries[${first}]`)
    seen.set(name, i)
  })
}

function textProblem(text: unknown, most: number): string | null {
  if (typeof text !== 'string' || text === '') return 'must be text that is not empty'
  if (text.length > most) return `at most ${most} characters`
  return text.includes('\0') || !text.isWellFormed() ? 'holds a character that no database keeps' : null
}

function refused(field: string, reason: string) {
  return runtimeError('RUNTIME_REQUEST', { field, reason })
}
