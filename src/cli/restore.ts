/** `tributary restore`: fills an empty ledger from a backup. Nothing else may run on it meanwhile. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { createLog } from '../runtime/log.ts'
import type { Cli } from './context.ts'

export function restore(cli: Cli): Command {
  const { program, say } = cli
  return program
    .command('restore')
    .description(say('restore'))
    .argument('<file>', say('argument.backup'))
    .action((file: string) => run(cli, resolve(file)))
}

async function run(cli: Cli, file: string): Promise<void> {
  const { storage } = cli.config()
  const [{ openLedger }, { restoreBackup }] = await Promise.all([
    import('../runtime/ledger.ts'),
    import('../ledger/restore.ts'),
  ])
  const db = await openLedger(storage, createLog({ level: 'warn' }))
  try {
    const done = await restoreBackup(db, file)
    cli.show(done, () => cli.say('restore.done', { at: done.at, rows: total(done.rows) }))
  } finally {
    await db.close()
  }
}

const total = (rows: Record<string, number>) => Object.values(rows).reduce((sum, count) => sum + count, 0)
