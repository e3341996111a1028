/**
 * Names for statements that come again and again: a named statement is parsed and planned once per connection,
 * which is more than half the work of a small one. Statements whose text varies stay unnamed, or the server
 * would collect them without end.
 */

/** A statement gets a name when it comes for this time, and so many have one at most. */
const TIMES = 3
const NAMES = 400
/** Texts that are counted; beyond, counting starts anew, so that texts made for one use do not pile up. */
const COUNTED = 2_000

const names = new Map<string, string>()
const counts = new Map<string, number>()
let given = 0

/** The name under which this text is to be prepared, or undefined. The same in every connection. */
export function statementName(text: string): string | undefined {
  const name = names.get(text)
  if (name !== undefined || names.size >= NAMES) return name
  const count = (counts.get(text) ?? 0) + 1
  if (count < TIMES) {
    if (counts.size >= COUNTED) counts.clear()
    counts.set(text, count)
    return undefined
  }
  counts.delete(text)
  const made = `tributary_${++given}`
  names.set(text, made)
  return made
}

/**
 * Forgets all names, when the tables have changed under the plans of this process's connections (SQLSTATE 0A000,
 * `cached plan must not change result type`: another process has migrated). They are given anew, under new names.
 */
export function forgetNames(): void {
  names.clear()
}
