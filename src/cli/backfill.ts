/** `tributary backfill start|list|show|pause|resume|cancel`: history fetched in the background. */
import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { BACKFILL_STATES } from '../core/states.ts'
import type { Operations } from '../runtime/operations.ts'
import type { BackfillItem, BackfillPreview } from '../runtime/operations-backfill-types.ts'
import { readIds, readMoment } from './backfill-wanted.ts'
import { actor, type Cli, EXIT, given, readCount, readWord } from './context.ts'
import { withOperations } from './open.ts'
import { printNext, withPage } from './page.ts'
import { instant, table } from './table.ts'

interface Options {
  since?: string
  until?: string
  ids?: string
  yes?: boolean
  follow?: boolean
  connection?: string
  stream?: string
  state?: string
  limit?: string
  after?: string
  why?: string
}

export function backfill(cli: Cli): Command {
  const { program, say } = cli
  const group = program.command('backfill').description(say('backfill'))
  group
    .command('start')
    .description(say('backfill.start'))
    .argument('<connection>', say('argument.connection'))
    .argument('<stream>', say('argument.stream'))
    .option('--since <moment>', say('option.history-since'))
    .option('--until <moment>', say('option.history-until'))
    .option('--ids <list>', say('option.ids'))
    .option('--yes', say('option.yes'))
    .option('--follow', say('option.follow'))
    .option('--why <text>', say('option.why'))
    .action((connection: string, stream: string, o: Options) => start(cli, connection, stream, o))
  const listed = group.command('list').description(say('backfill.list'))
  withPage(
    cli,
    listed
      .option('--connection <id>', say('option.connection'))
      .option('--stream <name>', say('option.stream'))
      .option('--state <state>', say('option.state')),
  ).action((o: Options) => list(cli, o))
  group
    .command('show')
    .description(say('backfill.show'))
    .argument('<id>', say('argument.backfill'))
    .option('--follow', say('option.follow'))
    .action((id: string, o: Options) => show(cli, id, o))
  for (const name of ['pause', 'resume', 'cancel'] as const) {
    group
      .command(name)
      .description(say(`backfill.${name}`))
      .argument('<id>', say('argument.backfill'))
      .option('--why <text>', say('option.why'))
      .action((id: string, o: Options) => turn(cli, name, id, o))
  }
  return group
}

async function start(cli: Cli, connection: string, stream: string, options: Options): Promise<void> {
  const { zone } = cli.config().company
  const request = {
    ...{ connection, stream },
    ...given({
      since: readMoment('since', options.since, zone),
      until: readMoment('until', options.until, zone),
      ids: readIds(options.ids),
    }),
  }
  await withOperations(cli, async (operations) => {
    const preview = await operations.backfillPreview(request)
    cli.remark(previewText(cli, preview))
    if (!(await agreed(cli, options))) return cli.remark(cli.say('backfill.not'))
    const total = preview.count === null ? {} : { total: { count: preview.count, exact: preview.exact } }
    const made = await operations.backfillStart({ ...request, ...total, ...actor(options.why) })
    const item = options.follow ? await follow(cli, operations, made) : made
    print(cli, item)
    if (!options.follow) cli.remark(cli.say('backfill.how', { id: item.id }))
  })
}

function previewText({ say }: Cli, p: BackfillPreview): string {
  const what =
    p.ids === null ? `${instant(p.since)} – ${instant(p.until)}` : say('backfill.ids', { count: p.ids })
  const count =
    p.ids !== null
      ? ''
      : p.count === null
        ? say('backfill.uncounted')
        : say(p.exact ? 'backfill.counted' : 'backfill.about', { count: p.count })
  return `${p.connection} ${p.stream}: ${what}${count && `\n${count}`}`
}

/** Asked only where somebody can answer. */
async function agreed(cli: Cli, { yes }: Options): Promise<boolean> {
  if (yes || cli.json() || !process.stdin.isTTY) return true
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^(y|yes|是|好)$/i.test((await lines.question(`${cli.say('backfill.ask')} `)).trim())
  } finally {
    lines.close()
  }
}

async function list(cli: Cli, options: Options): Promise<void> {
  const filter = given({
    connection: options.connection,
    stream: options.stream,
    state: readWord('state', options.state, BACKFILL_STATES),
    limit: readCount('limit', options.limit, [1, 500]),
    after: options.after,
  })
  const page = await withOperations(cli, (o) => o.backfillList(filter))
  cli.show(page, () => (page.items.length === 0 ? cli.say('nothing') : listText(cli, page.items)))
  printNext(cli, page.next)
}

function listText(cli: Cli, items: BackfillItem[]): string {
  const titles = ['backfill', 'of', 'stream', 'state', 'read', 'added', 'error', 'who', 'created'] as const
  return table(
    titles.map((t) => cli.say(`column.${t}`)),
    items.map((i) => [
      ...[i.id, i.connection, i.stream, cli.say(`backfill.is-${i.state}`), progressText(i), i.added],
      ...[i.error, i.by, instant(i.createdAt)],
    ]),
  )
}

function progressText({ read, total, exact }: BackfillItem): string {
  return total === null ? String(read) : `${read} / ${exact ? '' : '≈ '}${total}`
}

async function show(cli: Cli, id: string, { follow: on }: Options): Promise<void> {
  await withOperations(cli, async (operations) => {
    const item = await operations.backfillShow({ id })
    print(cli, on ? await follow(cli, operations, item) : item)
  })
}

async function turn(
  cli: Cli,
  how: 'pause' | 'resume' | 'cancel',
  id: string,
  { why }: Options,
): Promise<void> {
  const request = { id, ...actor(why) }
  const ask = {
    pause: (o: Operations) => o.backfillPause(request),
    resume: (o: Operations) => o.backfillResume(request),
    cancel: (o: Operations) => o.backfillCancel(request),
  }
  print(cli, await withOperations(cli, ask[how]))
}

/** Moving: nothing a person must do. */
const GOING = ['planned', 'running']
/** Progress is looked at this often, and nobody works when nothing has begun after so long. Milliseconds. */
const EVERY = 1_000
const NOBODY = 15_000

/** Says once a second how far it is, until it moves no more. */
async function follow(cli: Cli, operations: Operations, first: BackfillItem): Promise<BackfillItem> {
  const began = Date.now()
  let item = first
  for (let told = ''; GOING.includes(item.state); ) {
    await sleep(EVERY)
    item = await operations.backfillShow({ id: first.id })
    const line = cli.say('backfill.progress', {
      read: progressText(item),
      at: item.readUntil ? instant(item.readUntil) : `${item.asked}`,
    })
    if (line !== told) cli.remark(line)
    told = line
    if (item.startedAt === null && !item.held && Date.now() - began > NOBODY) {
      cli.remark(cli.say('backfill.nobody'))
      return item
    }
  }
  return item
}

function print(cli: Cli, item: BackfillItem): void {
  const { say } = cli
  cli.show(item, () => {
    const what =
      item.ids === null
        ? `${instant(item.since)} – ${instant(item.until)}`
        : say('backfill.ids', { count: item.ids })
    const lines = [
      `${item.id}  ${item.connection} ${item.stream}  ${what}  ${say(`backfill.is-${item.state}`)}`,
      say('backfill.read', { read: progressText(item), added: item.added }),
    ]
    if (item.readUntil && item.state !== 'done')
      lines.push(say('backfill.until', { at: instant(item.readUntil) }))
    const { count, first } = item.absent
    if (count > 0) lines.push(say('backfill.absent', { count, ids: first.slice(0, 20).join(', ') }))
    if (item.error) lines.push(say('backfill.error', { code: item.error, attempts: item.attempts }))
    return lines.join('\n  ')
  })
  if (item.state === 'failed') cli.exit(EXIT.failed)
  else if (item.absent.count > 0) cli.exit(EXIT.found)
}
