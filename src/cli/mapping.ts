/** `tributary mapping …`: what an integrator does with mapping files. One file per subcommand. */
import type { Command } from 'commander'
import type { Cli } from './context.ts'
import { mappingDiff } from './mapping-diff.ts'

export function mapping(cli: Cli): Command {
  const group = cli.program.command('mapping').description(cli.say('mapping'))
  mappingDiff(cli, group)
  return group
}
