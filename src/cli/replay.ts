/** `tributary replay`: stored records through the mappings again. */
import type { Command } from 'commander'
import { runtimeError } from '../core/errors/runtime.ts'
import { actor, type Cli, given, readSince } from './context.ts'
import { withOperations } from './open.ts'

interface Options {
  stream?: string
  since?: string
  until?: string
  why?: string
}

export function replay(cli: Cli): Command {
  const { program, say } = cli
  return program
    .command('replay')
    .description(say('replay'))
    .argument('<connection>', say('argument.connection'))
    .argument('[id...]', say('argument.records'))
    .option('--stream <name>', say('option.stream'))
    .option('--since <instant>', say('option.received-since'))
    .option('--until <instant>', say('option.received-until'))
    .option('--why <text>', say('option.why'))
    .action((connection: string, ids: string[], options: Options) => run(cli, connection, ids, options))
}

async function run(cli: Cli, connection: string, ids: string[], options: Options): Promise<void> {
  const range = given({
    since: readSince('since', options.since),
    until: readSince('until', options.until),
    ids: ids.length > 0 ? ids : undefined,
  })
  if (Object.keys(range).length === 0) {
    throw runtimeError('RUNTIME_REQUEST', { field: '--since | id', reason: 'name a range or ids' })
  }
  const request = { connection, ...given({ stream: options.stream }), ...range, ...actor(options.why) }
  const answer = await withOperations(cli, (o) => o.replay(request))
  cli.show(answer, () => cli.say('replay.done', { count: answer.records }))
}
