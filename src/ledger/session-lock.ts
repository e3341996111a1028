/** A first-come mutex for the embedded database's single session. */
export class SessionLock {
  #waiting: (() => void)[] = []
  #held = false

  /** Resolves with the releaser once the session is ours. Releasing twice is harmless. */
  async acquire(): Promise<() => void> {
    if (this.#held) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#held = true
    let released = false
    return () => {
      if (released) return
      released = true
      const next = this.#waiting.shift()
      if (next) next()
      else this.#held = false
    }
  }

  get held(): boolean {
    return this.#held
  }
}
