/** The figures of the live board, the metrics and `stats`. */
import { pauses } from '../ledger/pause.ts'
import { confirmedRate, countAll, createTallies, lastErrors, streams } from '../ledger/stats.ts'
import type { Operations, Stats } from './operations.ts'
import type { Desk } from './operations-desk.ts'
import { iso } from './operations-page.ts'

/** `stats`, with the memory that makes counting cheap. */
export function statsOperation(desk: Desk): Operations['stats'] {
  const tallies = createTallies()
  return async () => {
    const counts = await countAll(desk.db, tallies)
    const total = (state: string) =>
      [...counts.pushes.values()].reduce((sum, states) => sum + (states[state] ?? 0), 0)
    return {
      at: new Date().toISOString(),
      startedAt: desk.context.startedAt.toISOString(),
      received: counts.received,
      normalized: counts.normalized,
      waiting: {
        inbox: counts.inbox,
        fetch: counts.fetch,
        documents: counts.documents,
        planned: total('planned'),
        sending: total('sending'),
        unknown: total('unknown'),
        accepted: total('accepted'),
      },
      orders: counts.orders,
      confirmed: total('confirmed'),
      shadowed: total('shadowed'),
      parked: counts.parked,
      rate: await confirmedRate(desk.db),
      connections: await connectionStats(desk, counts.pushes),
    }
  }
}

async function connectionStats(
  desk: Desk,
  pushes: Map<string, { [state: string]: number }>,
): Promise<Stats['connections']> {
  const read = await streams(desk.db)
  const paused = await pauses(desk.db)
  const ids = [
    ...new Set([...desk.connections.keys(), ...pushes.keys(), ...read.map((s) => s.connection)]),
  ].sort()
  const errors = await lastErrors(desk.db, ids)
  return ids.map((connection) => {
    const error = errors.get(connection)
    return {
      connection,
      paused: paused.some((p) => p.flow === '' && p.kind === '' && ['', connection].includes(p.connection)),
      pushes: pushes.get(connection) ?? {},
      streams: read
        .filter((s) => s.connection === connection)
        .map((s) => ({ stream: s.stream, watermark: iso(s.watermark), lastReadAt: iso(s.polled_at) })),
      lastError: error
        ? { at: error.at.toISOString(), code: error.code, message: error.message ?? '' }
        : null,
    }
  })
}
