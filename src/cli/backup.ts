/** `tributary backup`: a consistent copy of the ledger in one file, also while it runs. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Cli } from './context.ts'
import { withOperations } from './open.ts'

export function backup(cli: Cli): Command {
  const { program, say } = cli
  return program
    .command('backup')
    .description(say('backup'))
    .argument('<file>', say('argument.backup'))
    .action(async (file: string) => {
      const made = await withOperations(cli, (o) => o.backup({ to: resolve(file) }))
      cli.show(made, () => say('backup.done', { path: made.path, bytes: made.bytes }))
    })
}
