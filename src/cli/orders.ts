/** `tributary orders list|show|find`: what became of the orders. */
import type { Command } from 'commander'
import { fromMinor } from '../core/money.ts'
import { ORDER_PROGRESS } from '../core/states.ts'
import type { OrderSummary } from '../runtime/operations.ts'
import { type Cli, EXIT, given, readCount, readSince, readWord } from './context.ts'
import { withOperations } from './open.ts'
import { printNext, withPage } from './page.ts'
import { parkedText } from './parked.ts'
import { story } from './story.ts'
import { instant, table } from './table.ts'

interface ListOptions {
  connection?: string
  progress?: string
  since?: string
  until?: string
  limit?: string
  after?: string
}

export function orders(cli: Cli): Command {
  const { program, say } = cli
  const group = program.command('orders').description(say('orders'))
  withPage(
    cli,
    group
      .command('list')
      .description(say('orders.list'))
      .option('--connection <id>', say('option.connection'))
      .option('--progress <state>', say('option.progress'))
      .option('--since <instant>', say('option.since'))
      .option('--until <instant>', say('option.until')),
  ).action((options: ListOptions) => list(cli, options))
  group
    .command('show')
    .description(say('orders.show'))
    .argument('<order>', say('argument.order'))
    .action((ref: string) => show(cli, ref))
  group
    .command('find')
    .description(say('orders.find'))
    .argument('<term>', say('argument.term'))
    .action((term: string) => find(cli, term))
  return group
}

async function list(cli: Cli, options: ListOptions): Promise<void> {
  const filter = given({
    connection: options.connection,
    progress: readWord('progress', options.progress, ORDER_PROGRESS),
    since: readSince('since', options.since),
    until: readSince('until', options.until),
    limit: readCount('limit', options.limit, [1, 500]),
    after: options.after,
  })
  const page = await withOperations(cli, (o) => o.ordersList(filter))
  cli.show(page, () => (page.items.length > 0 ? orderTable(cli, page.items) : cli.say('nothing')))
  printNext(cli, page.next)
}

async function show(cli: Cli, ref: string): Promise<void> {
  const order = await withOperations(cli, (o) => o.orderShow({ ref }))
  cli.show(order, () => story(order, cli.say, cli.language))
}

async function find(cli: Cli, term: string): Promise<void> {
  const hits = await withOperations(cli, (o) => o.find({ term }))
  cli.show(hits, () => {
    if (hits.length === 0) return cli.say('nothing')
    const rows = hits.flatMap((hit) =>
      'order' in hit ? [[cli.say(`found.${hit.by}`), ...cells(cli, hit.order)]] : [],
    )
    const parked = hits.flatMap((hit) => ('parked' in hit ? [parkedText(cli, hit.parked)] : []))
    const orders = rows.length > 0 ? [table([cli.say('column.by'), ...titles(cli)], rows)] : []
    return [...orders, ...parked].join('\n')
  })
  if (hits.length === 0) cli.exit(EXIT.failed)
}

function orderTable(cli: Cli, items: OrderSummary[]): string {
  return table(
    titles(cli),
    items.map((order) => cells(cli, order)),
  )
}

const titles = ({ say }: Cli) => [
  say('column.order'),
  say('column.number'),
  say('column.placed'),
  say('column.total'),
  say('column.payment'),
  say('column.progress'),
]

const cells = ({ say }: Cli, o: OrderSummary) => [
  o.key,
  o.number,
  instant(o.placedAt),
  `${fromMinor(o.total, o.currency)} ${o.currency}`,
  o.payment,
  say(`progress.${o.progress}`),
]
