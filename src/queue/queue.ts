/**
 * What the pipe knows of the queue. The ledger says what is due; the queue only wakes the one who does it,
 * paces it and spreads it over processes. So a job carries no payload: its name is a lane, and a lane's
 * handler asks the ledger what there is to do. Everything in here may be lost at any time without losing an
 * order (docs/decisions/0003-wake-ups.md).
 */

export interface Queue {
  /**
   * Asks that the lane's handler runs (again) some time after this call. Wake-ups of a lane that waits are
   * folded into one; one that comes while the lane runs makes it run once more. Never throws: a lost
   * wake-up is repeated by the sweeper. Throws only inside a database transaction.
   */
  wake(queue: string, lane: string): Promise<void>
  /**
   * Runs `handler` for woken lanes, at most `concurrency` at a time in this process; a lane runs once at a
   * time over all processes. The handler must not throw for business reasons.
   */
  work(queue: string, concurrency: number, handler: (lane: string) => Promise<void>): Promise<Working>
  /** Waits until the store answers. */
  ready(): Promise<void>
  close(): Promise<void>
}

export interface Working {
  /** Changes how many lanes this process runs at a time; those that run go on. */
  resize(concurrency: number): void
  /** Takes no new lanes and resolves when the running ones have ended. */
  stop(): Promise<void>
}

/** Told about failures of the store; the queue goes on by itself. */
export type QueueTrouble = (what: string, error: Error) => void
