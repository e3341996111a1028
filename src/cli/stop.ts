/** Long-running commands end on SIGTERM or SIGINT, tidily and within a limit. */
import { type Cli, EXIT } from './context.ts'

/** Longest that stopping may take before the process ends anyway: what is not done belongs to the ledger. Milliseconds. */
const LIMIT = 30_000

/**
 * Waits for a signal (or for `ended`), then runs `close` once. A second signal ends the process at once.
 * Resolves when everything is closed.
 */
export async function untilStopped(
  cli: Cli,
  close: () => Promise<void>,
  ended?: Promise<unknown>,
): Promise<void> {
  let stop: (signal: string) => void = () => undefined
  const asked = new Promise<string>((resolve) => {
    stop = resolve
  })
  let signals = 0
  const onSignal = (signal: NodeJS.Signals) => {
    signals += 1
    if (signals > 1) process.exit(EXIT.failed)
    stop(signal)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  try {
    // Nothing else need keep the process alive: a runtime without work at hand has no timer of its own.
    const alive = setInterval(() => undefined, 60_000)
    const signal = await Promise.race([asked, ended ?? asked])
    clearInterval(alive)
    if (typeof signal === 'string') cli.remark(cli.say('stopping', { signal }))
    const limit = setTimeout(() => process.exit(EXIT.failed), LIMIT)
    await close()
    clearTimeout(limit)
  } finally {
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
  }
}
