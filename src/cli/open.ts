/**
 * How a command reaches the ledger: over the control socket when a process holds the embedded data folder,
 * else by opening the ledger itself for as long as the command takes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { TributaryError } from '../core/errors/error.ts'
import type { Connection } from '../core/ports.ts'
import type { BrokenConfig, Config } from '../runtime/config.ts'
import { createLog, type Log } from '../runtime/log.ts'
import type { OpenedOperations, Operations } from '../runtime/operations.ts'
import type { Cli } from './context.ts'
import { connectControl } from './control.ts'

/**
 * Runs `work` on opened operations and closes them whatever happens. `config`: what says where the ledger is. Throws
 * what opening or `work` throws.
 */
export async function withOperations<T>(
  cli: Cli,
  work: (operations: Operations) => Promise<T>,
  config: Config | BrokenConfig = cli.config(),
): Promise<T> {
  const opened = await reach(cli, config)
  try {
    return await work(opened.operations)
  } finally {
    await opened.close()
  }
}

/** A process that holds the folder and does not listen yet is starting, or ending, or is a command. Milliseconds. */
const PATIENCE = 10_000

async function reach(cli: Cli, config: Config | BrokenConfig): Promise<OpenedOperations> {
  const end = Date.now() + PATIENCE
  for (;;) {
    const held = config.storage.database ? null : await connectControl(config.storage.data)
    if (held) return held
    try {
      return await openDirectly(cli, config)
    } catch (error) {
      const soon = error instanceof TributaryError && error.code === 'LEDGER_FOLDER_HELD'
      if (!soon || Date.now() > end) throw error
      await sleep(250)
    }
  }
}

/** The database is loaded only here: a command that talks to a running process starts in a fraction of the time. */
async function openDirectly(cli: Cli, config: Config | BrokenConfig): Promise<OpenedOperations> {
  const [{ openLedger, openLedgerQueue }, { ledgerOperations }] = await Promise.all([
    import('../runtime/ledger.ts'),
    import('../runtime/operations-ledger.ts'),
  ])
  const log = createLog({ level: 'error' })
  const closers: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const one of closers.splice(0).reverse()) await one()
  }
  try {
    const db = await openLedger(config.storage, log)
    closers.push(() => db.close())
    const queue = await openLedgerQueue(config.storage, db, log)
    closers.push(() => queue.close())
    const connections = 'broken' in config ? new Map() : await openWhatCan(cli, config, log)
    closers.push(() => Promise.all([...connections.values()].map((c) => c.close())))
    return {
      operations: ledgerOperations({ db, queue, connections }, { startedAt: new Date(), config }),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** A connector that cannot be opened must not keep anybody from looking at the ledger: it is said, and goes on. */
async function openWhatCan(cli: Cli, config: Config, log: Log): Promise<Map<string, Connection>> {
  const { openConnections } = await import('../runtime/connections.ts')
  try {
    return await openConnections(config, log)
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error
    cli.remark(`${error.code}: ${error.say(cli.language)}`)
    return new Map()
  }
}
