/** Edges of a window as a version column writes them. */
import { clockText } from '../clock.ts'
import type { Clock } from '../manifest-http.ts'
import type { Database, Kind } from './database.ts'

const DAY = 86_400_000
const STAMP = 'yyyy-MM-dd HH:mm:ss.SSS'

/**
 * Texts that the database compares with the column. Times without a zone step out of an hour that is shown twice; of
 * days the last is contained whole; a text column without a declared clock is taken for `yyyy-MM-dd HH:mm:ss`.
 */
export function edgesOf(
  { zone, clock, database }: { zone: string; clock: Clock | null; database: Pick<Database, 'dialect'> },
  kind: Kind,
  { since, until }: { since: Date; until: Date },
): { since: string; until: string } {
  const written = (as: Clock, end = until) => ({
    since: clockText(since, as, 'since'),
    until: clockText(end, as, 'until'),
  })
  if (clock) return written(clock)
  if (kind === 'instant') {
    const { since: from, until: to } = written({ format: STAMP, zone: 'UTC' })
    const { dialect } = database
    // the sessions of the others run in UTC, or are told so
    const end = dialect === 'postgres' || dialect === 'sqlserver' ? ' +00:00' : ''
    return { since: from + end, until: to + end }
  }
  if (kind === 'local') return written({ format: STAMP, zone })
  if (kind === 'date') return written({ format: 'yyyy-MM-dd', zone }, new Date(until.getTime() + DAY))
  return written({ format: 'yyyy-MM-dd HH:mm:ss', zone })
}
