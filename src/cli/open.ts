/**
 * How a command reaches the ledger: over the control socket when a process holds the embedded data folder,
 * else straight, by a runtime that neither works nor listens.
 */
import type { Config } from '../runtime/config.ts'
import type { OpenedOperations, Operations } from '../runtime/operations.ts'
import type { Cli } from './context.ts'
import { connectControl } from './control.ts'

/** Runs `work` on opened operations and closes them whatever happens. Throws what opening or `work` throws. */
export async function withOperations<T>(cli: Cli, work: (operations: Operations) => Promise<T>): Promise<T> {
  const config = cli.config()
  const held = config.storage.database ? null : await connectControl(config.storage.data)
  const opened = held ?? (await openLedger(config))
  try {
    return await work(opened.operations)
  } finally {
    await opened.close()
  }
}

/** The database is loaded only here: a command that talks to a running process starts in a fraction of the time. */
async function openLedger(config: Config): Promise<OpenedOperations> {
  const [{ createLog }, { startRuntime }] = await Promise.all([
    import('../runtime/log.ts'),
    import('../runtime/start.ts'),
  ])
  return startRuntime(config, { role: 'serve', log: createLog({ level: 'error' }) })
}
