/**
 * heartbeat: a short lease that is renewed while its holder lives. Whoever dies is followed within one lease;
 * whoever cannot renew (a database that is away, a process that stood still) is told to stop before it ends.
 */

export interface Lease {
  /** How long it lasts from each renewal. Milliseconds. */
  milliseconds: number
  /** Prolongs it by the database's clock; false: somebody else has it. */
  renew(): Promise<boolean>
}

/** Work must have stopped this long before the lease ends. Milliseconds. */
const MARGIN = 1_000

/**
 * Runs `work` under a lease that was just taken, renewing it every third of its time. The signal aborts when it
 * was lost, or could not be renewed until shortly before its end. Throws what `work` throws.
 */
export async function whileLeased<T>(lease: Lease, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
  const lost = new AbortController()
  const margin = Math.min(MARGIN, lease.milliseconds / 6)
  // from before the renewal was asked for: the database counts from later on
  let end = performance.now() + lease.milliseconds - margin
  let asking: Promise<void> | null = null
  const beat = () => {
    if (performance.now() >= end) return lost.abort(new LeaseLost('it could not be renewed in time'))
    if (asking) return
    const from = performance.now()
    asking = lease
      .renew()
      .then((held) => {
        if (held) end = Math.max(end, from + lease.milliseconds - margin)
        else lost.abort(new LeaseLost('somebody else has it'))
      })
      // one that failed is asked for again at the next beat, until the time is over
      .catch((error: Error) => void error.message)
      .finally(() => {
        asking = null
      })
  }
  const renewing = setInterval(beat, lease.milliseconds / 3)
  // between two renewals the end may come: it is looked for more often than asked
  const watching = setInterval(() => {
    if (performance.now() >= end) beat()
  }, margin / 2)
  try {
    return await work(lost.signal)
  } finally {
    clearInterval(renewing)
    clearInterval(watching)
    await asking
  }
}

/** Why work under a lease was told to stop. */
export class LeaseLost extends Error {
  readonly code = 'LEASE_LOST'
}
