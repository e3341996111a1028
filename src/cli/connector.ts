/** `tributary connector …`: check a connector by the conformance kit, list what each carries, write a new one. */
import type { Command } from 'commander'
import { connectorCheck } from './connector-check.ts'
import { connectorList } from './connector-list.ts'
import { connectorNew } from './connector-new.ts'
import type { Cli } from './context.ts'

export function connector(cli: Cli): Command {
  const group = cli.program.command('connector').description(cli.say('connector'))
  for (const add of [connectorCheck, connectorList, connectorNew]) add(cli, group)
  return group
}
