/** `tributary mapping …`: write, check and understand mappings. One file per subcommand. */
import type { Command } from 'commander'
import type { Cli } from './context.ts'
import { mappingCheck } from './mapping-check.ts'
import { mappingDiff } from './mapping-diff.ts'
import { mappingEval } from './mapping-eval.ts'
import { mappingExplain } from './mapping-explain.ts'
import { mappingNew } from './mapping-new.ts'

/** Each adds itself to the group. */
const COMMANDS: ((cli: Cli, group: Command) => Command)[] = [
  mappingCheck,
  mappingDiff,
  mappingEval,
  mappingExplain,
  mappingNew,
]

export function mapping(cli: Cli): Command {
  const group = cli.program.command('mapping').description(cli.say('mapping'))
  for (const add of COMMANDS) add(cli, group)
  return group
}
