/** `tributary pause|resume`: stops a connection, a flow or a kind of document, and lets it go on. */
import type { Command } from 'commander'
import { runtimeError } from '../core/errors/runtime.ts'
import { DOCUMENT_KINDS } from '../core/states.ts'
import type { Pause, PauseScope } from '../runtime/operations.ts'
import { actor, type Cli, given, readWord } from './context.ts'
import { withOperations } from './open.ts'
import { instant, table } from './table.ts'

interface Options {
  connection?: string
  flow?: string
  kind?: string
  why?: string
}

const scoped = (cli: Cli, name: 'pause' | 'resume') =>
  cli.program
    .command(name)
    .description(cli.say(name))
    .option('--connection <id>', cli.say('option.connection'))
    .option('--flow <id>', cli.say('option.flow'))
    .option('--kind <kind>', cli.say('option.kind', { kinds: DOCUMENT_KINDS.join(', ') }))
    .option('--why <text>', cli.say('option.why'))

/** Without a scope `pause` lists what is stopped. */
export function pause(cli: Cli): Command {
  return scoped(cli, 'pause').action(async (options: Options) => {
    const scope = scopeOf(options)
    if (Object.keys(scope).length === 0) return list(cli)
    const made = await withOperations(cli, (o) => o.pause({ ...scope, ...actor(options.why) }))
    cli.show(made, () => cli.say('paused', { what: named(made.scope) }))
  })
}

export function resume(cli: Cli): Command {
  return scoped(cli, 'resume').action(async (options: Options) => {
    const scope = scopeOf(options)
    if (Object.keys(scope).length === 0) {
      const field = '--connection | --flow | --kind'
      throw runtimeError('RUNTIME_REQUEST', { field, reason: 'name at least one' })
    }
    const answer = await withOperations(cli, (o) => o.resume({ ...scope, ...actor(options.why) }))
    cli.show(answer, () => cli.say('resumed', { count: answer.resumed.length }))
  })
}

async function list(cli: Cli): Promise<void> {
  const pauses = await withOperations(cli, (o) => o.pauses({}))
  cli.show(pauses, () => (pauses.length > 0 ? pauseTable(cli, pauses) : cli.say('paused.none')))
}

function pauseTable({ say }: Cli, pauses: Pause[]): string {
  return table(
    [say('column.paused'), say('column.since'), say('column.who'), say('column.why')],
    pauses.map((p) => [named(p.scope), instant(p.at), p.by, p.why]),
  )
}

function scopeOf(options: Options): PauseScope {
  return given({
    connection: options.connection,
    flow: options.flow,
    kind: readWord('kind', options.kind, DOCUMENT_KINDS),
  })
}

const named = (scope: PauseScope) =>
  Object.entries(scope)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
