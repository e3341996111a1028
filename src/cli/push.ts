/** `tributary push list|show|retry|resolve`: documents written into other systems, or to be written. */
import type { Command } from 'commander'
import { runtimeError } from '../core/errors/runtime.ts'
import { DOCUMENT_KINDS, PUSH_STATES } from '../core/states.ts'
import type { PushDetail, PushFilter, Resolution } from '../runtime/operations.ts'
import { printChanged, readSelection } from './change.ts'
import { actor, type Cli, given, readCount, readWord } from './context.ts'
import { withOperations } from './open.ts'
import { printNext, withPage } from './page.ts'
import { told } from './story.ts'
import { clean, instant, table } from './table.ts'

const MODES = ['live', 'shadow'] as const

interface FilterOptions {
  connection?: string
  flow?: string
  kind?: string
  state?: string
  mode?: string
  limit?: string
  after?: string
  why?: string
}

export function push(cli: Cli): Command {
  const { program, say } = cli
  const group = program.command('push').description(say('push'))
  const filtered = (command: Command) =>
    command
      .option('--connection <id>', say('option.connection'))
      .option('--flow <id>', say('option.flow'))
      .option('--kind <kind>', say('option.kind', { kinds: DOCUMENT_KINDS.join(', ') }))
      .option('--state <state>', say('option.state'))
      .option('--mode <mode>', say('option.mode'))
  withPage(cli, filtered(group.command('list').description(say('push.list')))).action((o: FilterOptions) =>
    list(cli, o),
  )
  group
    .command('show')
    .description(say('push.show'))
    .argument('<push>', say('argument.push'))
    .option('--body', say('option.body'))
    .action((id: string, options: { body?: boolean }) => show(cli, id, options.body === true))
  filtered(group.command('retry').description(say('push.retry')))
    .argument('[push...]', say('argument.pushes'))
    .option('--why <text>', say('option.why'))
    .action((ids: string[], o: FilterOptions) => retry(cli, ids, o))
  group
    .command('resolve')
    .description(say('push.resolve'))
    .argument('<push>', say('argument.push'))
    .option('--written <id>', say('option.written'))
    .option('--number <number>', say('option.number'))
    .option('--not-written', say('option.not-written'))
    .option('--withdraw', say('option.withdraw'))
    .option('--why <text>', say('option.why'))
    .action((id: string, o: ResolveOptions) => resolve(cli, id, o))
  return group
}

function filterOf(options: FilterOptions): PushFilter {
  return given({
    connection: options.connection,
    flow: options.flow,
    kind: readWord('kind', options.kind, DOCUMENT_KINDS),
    state: readWord('state', options.state, PUSH_STATES),
    mode: readWord('mode', options.mode, MODES),
    limit: readCount('limit', options.limit, [1, 500]),
    after: options.after,
  })
}

async function list(cli: Cli, options: FilterOptions): Promise<void> {
  const { say } = cli
  const page = await withOperations(cli, (o) => o.pushList(filterOf(options)))
  cli.show(page, () => {
    if (page.items.length === 0) return say('nothing')
    const titles = ['push', 'connection', 'kind', 'order', 'state', 'attempts', 'bill', 'error'] as const
    return table(
      titles.map((t) => say(`column.${t}`)),
      page.items.map((p) => [
        p.id,
        p.connection,
        p.kind,
        p.orders.join(' '),
        say(`progress.${p.state}`),
        p.attempts,
        p.remoteNumber ?? p.remoteId,
        p.error ? `${p.error.code} ${p.error.message}` : null,
      ]),
    )
  })
  printNext(cli, page.next)
}

async function show(cli: Cli, id: string, body: boolean): Promise<void> {
  const found = await withOperations(cli, (o) => o.pushShow({ id, body }))
  cli.show(found, () => pushText(cli, found))
}

function pushText({ say }: Cli, p: PushDetail): string {
  const rows: [string, string | number | null][] = [
    [say('column.push'), `${p.id} (${p.key})`],
    [say('column.order'), p.orders.join(' ')],
    [say('column.connection'), `${p.connection} ← ${p.flow} (${p.mode})`],
    [say('column.kind'), `${p.kind}, ${say('push.revision', { revision: p.revision })}`],
    [say('column.state'), say(`progress.${p.state}`)],
    [say('column.attempts'), p.attempts],
    [say('column.due'), instant(p.dueAt)],
    [say('column.bill'), p.remoteNumber ?? p.remoteId],
    [say('column.error'), p.error ? `${p.error.code} ${p.error.message}` : null],
  ]
  if (p.rendered) {
    const { contentType, size, sha256 } = p.rendered
    rows.push([say('column.bytes'), `${size} · ${contentType} · sha256 ${sha256.slice(0, 16)}`])
  }
  const parts = [
    rows.map(([name, value]) => `${name}: ${value === null ? '—' : clean(String(value))}`).join('\n'),
    told(p.journal, say),
  ]
  // The bytes as they are: looking at them is what --body is for.
  if (p.rendered?.body) parts.push(Buffer.from(p.rendered.body, 'base64').toString('utf8'))
  return parts.join('\n\n')
}

async function retry(cli: Cli, ids: string[], options: FilterOptions): Promise<void> {
  const select = readSelection(ids, filterOf(options))
  const changed = await withOperations(cli, (o) => o.pushRetry({ select, ...actor(options.why) }))
  printChanged(cli, changed)
}

interface ResolveOptions {
  written?: string
  number?: string
  notWritten?: boolean
  withdraw?: boolean
  why?: string
}

async function resolve(cli: Cli, id: string, options: ResolveOptions): Promise<void> {
  const resolution = readResolution(options)
  const found = await withOperations(cli, (o) => o.pushResolve({ id, resolution, ...actor(options.why) }))
  cli.show(found, () => cli.say('push.resolved', { id: found.id, state: cli.say(`progress.${found.state}`) }))
}

function readResolution({ written, number, notWritten, withdraw }: ResolveOptions): Resolution {
  const said = [written !== undefined, notWritten, withdraw].filter(Boolean)
  if (said.length !== 1) {
    const field = '--written | --not-written | --withdraw'
    throw runtimeError('RUNTIME_REQUEST', { field, reason: 'exactly one of them' })
  }
  if (written !== undefined) return { as: 'written', remoteId: written, ...(number ? { number } : {}) }
  return { as: notWritten ? 'not-written' : 'withdrawn' }
}
