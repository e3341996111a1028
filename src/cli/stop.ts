/** Long-running commands end on SIGTERM or SIGINT, tidily and within a limit. */
import { type Cli, EXIT } from './context.ts'

/** Longest that stopping may take before the process ends anyway: what is not done belongs to the ledger. Milliseconds. */
const LIMIT = 30_000

export interface Stop {
  /**
   * Waits for a signal, also one that came while the command was still starting (or for `ended`), then runs `close`
   * once. Resolves when everything is closed.
   */
  wait(close: () => Promise<void>, ended?: Promise<unknown>): Promise<void>
}

/**
 * Listens from now on: to be called before a command starts anything, so that no moment of its life ends untidily
 * (and because the first process of a container does not end by an unheard SIGTERM at all). The first signal gives
 * the command the limit to start and close; a second one ends the process at once.
 */
export function listenForStop(cli: Cli): Stop {
  let stop: (signal: string) => void = () => undefined
  const asked = new Promise<string>((resolve) => {
    stop = resolve
  })
  let limit: NodeJS.Timeout | undefined
  const startLimit = () => {
    limit ??= setTimeout(() => process.exit(EXIT.failed), LIMIT).unref()
  }
  let signals = 0
  const onSignal = (signal: NodeJS.Signals) => {
    signals += 1
    if (signals > 1) process.exit(EXIT.failed)
    cli.remark(cli.say('stopping', { signal }))
    startLimit()
    stop(signal)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)

  return {
    async wait(close, ended) {
      // Nothing else need keep the process alive: a runtime without work at hand has no timer of its own.
      const alive = setInterval(() => undefined, 60_000)
      try {
        await Promise.race([asked, ended ?? asked])
        startLimit()
        await close()
        clearTimeout(limit)
      } finally {
        clearInterval(alive)
        process.off('SIGTERM', onSignal)
        process.off('SIGINT', onSignal)
      }
    },
  }
}
