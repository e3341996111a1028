/** `tributary parked list|retry|discard`: what waits for a person, with what to do about it. */
import type { Command } from 'commander'
import type { ParkedFilter, ParkedItem, ParkedWhat } from '../runtime/operations.ts'
import { printChanged, readSelection } from './change.ts'
import { actor, type Cli, EXIT, given, readCount, readWord } from './context.ts'
import { withOperations } from './open.ts'
import { printNext, withPage } from './page.ts'
import { clean, instant } from './table.ts'

const WHAT = ['record', 'document', 'push'] as const satisfies readonly ParkedWhat[]

interface Options {
  connection?: string
  code?: string
  what?: string
  limit?: string
  after?: string
  why?: string
}

export function parked(cli: Cli): Command {
  const { program, say } = cli
  const group = program.command('parked').description(say('parked'))
  const filtered = (command: Command) =>
    command
      .option('--connection <id>', say('option.connection'))
      .option('--code <code>', say('option.code'))
      .option('--what <what>', say('option.what'))
  withPage(cli, filtered(group.command('list').description(say('parked.list')))).action((o: Options) =>
    list(cli, o),
  )
  for (const name of ['retry', 'discard'] as const) {
    const command = filtered(group.command(name).description(say(`parked.${name}`)))
      .argument('[id...]', say('argument.parked'))
      .option('--why <text>', say('option.why'))
    command.action((ids: string[], o: Options) => change(cli, name, ids, o))
  }
  return group
}

function filterOf(options: Options): ParkedFilter {
  return given({
    connection: options.connection,
    code: options.code,
    what: readWord('what', options.what, WHAT),
    limit: readCount('limit', options.limit, [1, 500]),
    after: options.after,
  })
}

async function list(cli: Cli, options: Options): Promise<void> {
  const page = await withOperations(cli, (o) => o.parkedList(filterOf(options)))
  cli.show(page, () => {
    if (page.items.length === 0) return cli.say('parked.none')
    return page.items.map((item) => parkedText(cli, item)).join('\n')
  })
  printNext(cli, page.next)
  if (page.items.length > 0) cli.exit(EXIT.found)
}

async function change(cli: Cli, what: 'retry' | 'discard', ids: string[], options: Options): Promise<void> {
  const request = { select: readSelection(ids, filterOf(options)), ...actor(options.why) }
  const changed = await withOperations(cli, (o) =>
    what === 'retry' ? o.parkedRetry(request) : o.parkedDiscard(request),
  )
  printChanged(cli, changed)
}

/** One parked thing: what and whose, why, and what to do about it. */
export function parkedText({ say, language }: Cli, p: ParkedItem): string {
  const about = p.order ?? `${p.connection} ${p.stream ?? ''} ${p.externalId ?? ''}`
  const head = `${p.id}  ${say(`what.${p.what}`)}  ${clean(about.trim())}  ${instant(p.at)}  ${p.code}`
  const bytes = p.record === null ? '' : `\n    ${say('parked.record', { record: p.record })}`
  return `${head}\n    ${clean(p.message[language])}\n    → ${clean(p.fix[language])}${bytes}`
}
