/**
 * What of a running process a changed configuration changes, in one place: everything reads the present generation
 * from here each time it needs it. Work in hand finishes on the generation that it began with.
 */
import type { Stopping } from '../pipeline/pipe.ts'
import type { Generation } from './generation.ts'

/** A generation and the work that has it in hand. */
interface Term {
  generation: Generation
  busy: number
  retired: boolean
  /** Set while somebody waits for the last work to end. */
  idle?: () => void
}

export class Live {
  #term: Term
  #stopping = false

  constructor(first: Generation) {
    this.#term = { generation: first, busy: 0, retired: false }
  }

  get now(): Generation {
    return this.#term.generation
  }

  /**
   * Runs a lane with the present generation. When that is replaced meanwhile, `stopping` asks the lane to end after
   * the batch in hand, and it is run again with the next one. Throws what the lane throws.
   */
  async run(lane: (generation: Generation, stopping: Stopping) => Promise<void>): Promise<void> {
    for (let term: Term | null = null; term !== this.#term; ) {
      term = this.#term
      await this.#runIn(term, lane)
      if (this.#stopping) return
    }
  }

  async #runIn(
    term: Term,
    lane: (generation: Generation, stopping: Stopping) => Promise<void>,
  ): Promise<void> {
    const isStopping = () => this.#stopping || term.retired
    term.busy += 1
    try {
      await lane(term.generation, {
        get asked() {
          return isStopping()
        },
      })
    } finally {
      term.busy -= 1
      if (term.busy === 0) term.idle?.()
    }
  }

  /**
   * Replaces the generation at once; whoever waits for the budget of a connection that goes is told to come later.
   * Resolves when nothing has the old one in hand any more. */
  swap(next: Generation): Promise<void> {
    const old = this.#term
    this.#term = { generation: next, busy: 0, retired: false }
    old.retired = true
    const kept = new Set(next.connections.values())
    for (const connection of old.generation.connections.values())
      if (!kept.has(connection)) connection.hasten?.()
    return old.busy === 0
      ? Promise.resolve()
      : new Promise((resolve) => Object.assign(old, { idle: resolve }))
  }

  /** Asks all lanes to end after the batch in hand, and those that wait for budgets to end at once. */
  stop(): void {
    this.#stopping = true
    for (const connection of this.now.connections.values()) connection.hasten?.()
  }
}
