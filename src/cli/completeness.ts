/** `tributary completeness check|list`: what a source has of a day against what is here. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Operations } from '../runtime/operations.ts'
import type { CompletenessItem, Named } from '../runtime/operations-backfill-types.ts'
import { actor, type Cli, EXIT, given, readCount } from './context.ts'
import { withOperations } from './open.ts'
import { printNext, withPage } from './page.ts'
import { instant, table } from './table.ts'

interface Options {
  connection?: string
  stream?: string
  day?: string
  since?: string
  until?: string
  byIds?: boolean
  wait?: boolean
  open?: boolean
  limit?: string
  after?: string
  why?: string
}

export function completeness(cli: Cli): Command {
  const { program, say } = cli
  const group = program.command('completeness').description(say('completeness'))
  group
    .command('check')
    .description(say('completeness.check'))
    .argument('<connection>', say('argument.connection'))
    .argument('[stream]', say('argument.stream'))
    .option('--day <day>', say('option.day'))
    .option('--since <day>', say('option.day-since'))
    .option('--until <day>', say('option.day-until'))
    .option('--by-ids', say('option.by-ids'))
    .option('--no-wait', say('option.no-wait'))
    .option('--why <text>', say('option.why'))
    .action((connection: string, stream: string | undefined, o: Options) => check(cli, connection, stream, o))
  withPage(
    cli,
    group
      .command('list')
      .description(say('completeness.list'))
      .option('--connection <id>', say('option.connection'))
      .option('--stream <name>', say('option.stream'))
      .option('--day <day>', say('option.day'))
      .option('--open', say('option.open')),
  ).action((o: Options) => list(cli, o))
  return group
}

async function check(cli: Cli, connection: string, stream: string | undefined, o: Options): Promise<void> {
  const days = o.day === undefined ? { since: o.since, until: o.until } : { since: o.day, until: o.day }
  const request = { connection, ...given({ stream, ...days, list: o.byIds }), ...actor(o.why) }
  await withOperations(cli, async (operations) => {
    const asked = await operations.completenessCheck(request)
    print(cli, o.wait === false ? asked : await ended(cli, operations, asked))
  })
}

/** Looked at this often, and nobody works when nothing has begun after so long. Milliseconds. */
const EVERY = 500
const NOBODY = 15_000

async function ended(
  cli: Cli,
  operations: Operations,
  asked: CompletenessItem[],
): Promise<CompletenessItem[]> {
  const began = Date.now()
  let items = asked
  const going = () => items.filter((i) => i.state === 'planned' || i.state === 'running')
  for (let told = asked.length; going().length > 0; ) {
    await sleep(EVERY)
    items = await Promise.all(items.map((i) => (isOver(i) ? i : operations.completenessShow({ id: i.id }))))
    const left = going()
    if (left.length < told) cli.remark(cli.say('completeness.left', { count: left.length }))
    told = left.length
    if (items.every((i) => i.state === 'planned') && Date.now() - began > NOBODY) {
      cli.remark(cli.say('backfill.nobody'))
      return items
    }
  }
  return items
}

const isOver = (i: CompletenessItem) => i.state === 'done' || i.state === 'failed'

async function list(cli: Cli, options: Options): Promise<void> {
  const filter = given({
    connection: options.connection,
    stream: options.stream,
    day: options.day,
    open: options.open,
    limit: readCount('limit', options.limit, [1, 500]),
    after: options.after,
  })
  const page = await withOperations(cli, (o) => o.completenessList(filter))
  print(cli, page.items, page)
  printNext(cli, page.next)
}

/** Exit code 4 where something is missing, 1 where a check failed. */
function print(cli: Cli, items: CompletenessItem[], value: unknown = items): void {
  cli.show(value, () => (items.length === 0 ? cli.say('nothing') : text(cli, items)))
  if (items.some((i) => i.missing > 0 || (i.detail.gaps?.count ?? 0) > (i.detail.gone ?? 0)))
    cli.exit(EXIT.found)
  else if (items.some((i) => i.state === 'failed')) cli.exit(EXIT.failed)
}

function text(cli: Cli, items: CompletenessItem[]): string {
  const titles = [
    'check',
    'of',
    'stream',
    'day',
    'state',
    'theirs',
    'ours',
    'arrived',
    'missing',
    'checked',
  ] as const
  const rows = table(
    titles.map((t) => cli.say(`column.${t}`)),
    items.map((i) => [
      ...[i.id, i.connection, i.stream, i.day, i.error ?? cli.say(`completeness.is-${i.state}`)],
      ...[
        i.source === null ? null : `${i.detail.about ? '≈ ' : ''}${i.source}`,
        i.ours,
        i.arrived,
        i.missing,
      ],
      instant(i.checkedAt),
    ]),
  )
  return [rows, ...items.flatMap((i) => remarks(cli, i).map((r) => `  ${i.day}: ${r}`))].join('\n')
}

/** What a count alone does not say. */
function remarks({ say }: Cli, { detail, arrived, missing }: CompletenessItem): string[] {
  const some = ({ count, first }: Named) => ({ count, ids: first.slice(0, 20).join(', ') })
  const out: string[] = []
  if (arrived > 0)
    out.push(say('completeness.arrived', some({ count: arrived, first: detail.arrived ?? [] })))
  if (missing > 0) out.push(say('completeness.missing', { count: missing }))
  if (detail.gaps) out.push(say('completeness.gaps', some(detail.gaps)))
  if (detail.gone) out.push(say('completeness.gone', { count: detail.gone }))
  if (detail.undone) out.push(say('completeness.undone', some(detail.undone)))
  if (detail.refreshed) out.push(say('completeness.refreshed', { count: detail.refreshed }))
  return out
}
