/** `tributary migrate`: brings the ledger up to date without starting anything. `start` does it by itself. */
import type { Command } from 'commander'
import { createLog } from '../runtime/log.ts'
import type { Cli } from './context.ts'

export function migrate(cli: Cli): Command {
  const { program, say } = cli
  return program
    .command('migrate')
    .description(say('migrate'))
    .action(async () => {
      const config = cli.config()
      const { openLedger } = await import('../runtime/ledger.ts')
      const db = await openLedger(config.storage, createLog({ level: 'warn' }))
      try {
        const { rows } = await db.query<{ number: number }>(
          'select max(number) as number from ledger_migration',
        )
        const answer = { migration: rows[0]?.number ?? 0 }
        cli.show(answer, () => say('migrate.done', answer))
      } finally {
        await db.close()
      }
    })
}
