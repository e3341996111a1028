/** `tributary restore`: makes an empty ledger out of a backup. Nothing may run meanwhile. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../runtime/config.ts'
import { createLog, type Log } from '../runtime/log.ts'
import type { Cli } from './context.ts'

/** What `src/runtime/restore.ts` gives: fills an empty ledger; the next first attempts ask before they write. */
type RestoreLedger = (
  storage: Config['storage'],
  options: { from: string; log: Log },
) => Promise<{ migration: string }>

export function restore(cli: Cli): Command {
  const { program, say } = cli
  return program
    .command('restore')
    .description(say('restore'))
    .argument('<file>', say('argument.backup'))
    .action(async (file: string) => {
      const { storage } = cli.config()
      const { restoreLedger } = (await import(RESTORE)) as { restoreLedger: RestoreLedger }
      const done = await restoreLedger(storage, { from: resolve(file), log: createLog({ level: 'warn' }) })
      cli.show(done, () => say('restore.done', { migration: done.migration }))
    })
}

const RESTORE: string = '../runtime/restore.ts'
