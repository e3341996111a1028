/** Time limits of which whoever must wait can ask how much is left: an AbortSignal does not tell. */

interface Clock {
  /** By performance.now(). */
  end: number
  /** Waiting for a budget is not counted. */
  waitsFree: boolean
}

const clocks = new WeakMap<AbortSignal, Clock>()

/** For a write, whose lease ends whatever it waited for. Aborts with a TimeoutError after so many milliseconds. */
export function timeLimit(milliseconds: number): AbortSignal {
  const signal = AbortSignal.timeout(milliseconds)
  clocks.set(signal, { end: performance.now() + milliseconds, waitsFree: false })
  return signal
}

/**
 * For a read: as `timeLimit`, but the time that calls wait for their budgets does not count. A page of a hundred
 * calls is as slow as the remote's limits, and would never be read if it had to begin anew each time. Also aborts
 * when `lost` does.
 */
export function readingLimit(milliseconds: number, lost?: AbortSignal): AbortSignal {
  const over = new AbortController()
  const clock = { end: performance.now() + milliseconds, waitsFree: true }
  const look = () => {
    const left = clock.end - performance.now()
    if (left <= 0) over.abort(new DOMException('The time is over', 'TimeoutError'))
    else setTimeout(look, Math.ceil(left)).unref()
  }
  look()
  const signal = lost ? AbortSignal.any([over.signal, lost]) : over.signal
  clocks.set(signal, clock)
  return signal
}

/** Milliseconds that such a signal still has; Infinity of any other. */
export function timeLeft(signal: AbortSignal): number {
  const clock = clocks.get(signal)
  return clock ? Math.max(0, clock.end - performance.now()) : Number.POSITIVE_INFINITY
}

/** A call has waited for its budget. */
export function hasWaited(signal: AbortSignal, milliseconds: number): void {
  const clock = clocks.get(signal)
  if (clock?.waitsFree) clock.end += milliseconds
}
