/** Clock texts of the marketplace (api.md, chapter 3): `yyyy-MM-dd HH:mm:ss` in Santiago's civil time, no offset. */

export const ZONE = 'America/Santiago'

const SHAPE = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/
const HOUR = 3600_000

const format = new Intl.DateTimeFormat('sv-SE', {
  timeZone: ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})

/** The civil time of an instant; fractions of seconds are dropped. */
export function clockText(at: Date): string {
  return format.format(at)
}

/**
 * The instants (ms) that a clock text may mean, ascending: one, two in the hour that happens twice, none in the hour
 * that does not exist, for a day that the calendar lacks and for what is no clock text.
 */
export function instantsOf(text: string): number[] {
  const [, year, month, day, hour, minute, second] = (SHAPE.exec(text) ?? []).map(Number)
  if (year === undefined) return []
  const utc = Date.UTC(year, month! - 1, day, hour, minute, second)
  // Santiago is three or four hours behind UTC, it was five behind never since clocks were set by law
  return [3, 4].map((behind) => utc + behind * HOUR).filter((at) => clockText(new Date(at)) === text)
}

/** Whole seconds in UTC, as the store keeps instants. */
export function instant(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`
}
