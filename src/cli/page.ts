/** Lists come page by page. */
import type { Command } from 'commander'
import type { Cli } from './context.ts'

/** Adds `--limit` and `--after`. */
export function withPage(cli: Cli, command: Command): Command {
  return command
    .option('--limit <count>', cli.say('option.limit'))
    .option('--after <cursor>', cli.say('option.after'))
}

/** Says how to go on; silent with `--json`, where `next` is part of the answer. */
export function printNext(cli: Cli, next: string | null): void {
  if (next !== null) cli.remark(cli.say('more', { next }))
}
