/** Local times of a zone as UTC, for the import, which reads instants in the caller's time zone. */

function offsetAt(ms: number, zone: string): number {
  const text = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  return Date.parse(`${text.format(ms).replace(' ', 'T')}Z`) - Math.floor(ms / 1000) * 1000
}

/**
 * "YYYY-MM-DD HH:MM:SS" in a zone as the same in UTC. Of a time that exists twice the later instant is meant
 * (Odoo: `is_dst=False`). Throws RangeError for an unknown zone.
 */
export function instantIn(local: string, zone: string): string {
  const asUtc = Date.parse(`${local.replace(' ', 'T')}Z`)
  const day = 86_400_000
  const candidates = [asUtc - offsetAt(asUtc - day, zone), asUtc - offsetAt(asUtc + day, zone)]
  const real = candidates.filter((ms) => ms + offsetAt(ms, zone) === asUtc)
  const ms = real.length > 0 ? Math.max(...real) : Math.max(...candidates)
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}
