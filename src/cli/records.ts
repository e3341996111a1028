/** `tributary records list|show`: what systems really sent, byte for byte. */
import type { Command } from 'commander'
import { runtimeError } from '../core/errors/runtime.ts'
import type { Operations, RecordDetail, RecordSummary } from '../runtime/operations.ts'
import { type Cli, given, readCount } from './context.ts'
import { withOperations } from './open.ts'
import { printNext, withPage } from './page.ts'
import { readable } from './record-text.ts'
import { clean, instant, table } from './table.ts'

interface ListOptions {
  connection?: string
  limit?: string
  after?: string
}

export function records(cli: Cli): Command {
  const { program, say } = cli
  const group = program.command('records').description(say('records'))
  withPage(
    cli,
    group
      .command('list')
      .description(say('records.list'))
      .argument('<order>', say('argument.order'))
      .option('--connection <id>', say('option.connection')),
  ).action((order: string, options: ListOptions) => list(cli, order, options))
  group
    .command('show')
    .description(say('records.show'))
    .argument('<record>', say('argument.record'))
    .option('--raw', say('option.raw'))
    .action((id: string, options: { raw?: boolean }) => (options.raw ? raw(cli, id) : show(cli, id)))
  return group
}

async function list(cli: Cli, order: string, options: ListOptions): Promise<void> {
  const { say } = cli
  const filter = given({
    connection: options.connection,
    limit: readCount('limit', options.limit, [1, 500]),
    after: options.after,
  })
  const page = await withOperations(cli, (o) => o.recordList({ order, ...filter }))
  cli.show(page, () => {
    if (page.items.length === 0) return say('nothing')
    const titles = ['record', 'received', 'source', 'stream', 'origin', 'state', 'bytes', 'type'] as const
    return table(
      titles.map((t) => say(`column.${t}`)),
      page.items.map((r) => [
        r.id,
        instant(r.receivedAt),
        r.connection,
        r.stream,
        r.origin,
        say(`record.${r.state}`),
        bytesText(cli, r),
        r.contentType,
      ]),
    )
  })
  if (page.items.length > 0) cli.remark(say('records.how'))
  printNext(cli, page.next)
}

const bytesText = ({ say }: Cli, r: RecordSummary) => say(`bytes.${r.bytes}`, { size: r.size })

async function show(cli: Cli, id: string): Promise<void> {
  const { record, body } = await withOperations(cli, (o) => withBody(o, id))
  cli.show({ ...record, body: body?.toString('base64') ?? null }, () => recordText(cli, record, body))
}

async function withBody(
  operations: Operations,
  id: string,
): Promise<{ record: RecordDetail; body: Buffer | null }> {
  const record = await operations.recordShow({ id })
  if (record.bytes !== 'kept') return { record, body: null }
  return { record, body: Buffer.from((await operations.recordBody({ id })).body, 'base64') }
}

function recordText(cli: Cli, r: RecordDetail, body: Buffer | null): string {
  const { say } = cli
  const rows: [string, string | null][] = [
    [say('column.record'), r.id],
    [say('column.source'), `${r.connection} ${r.externalId ?? ''}`.trim()],
    [say('column.stream'), `${r.stream} (${r.shape})`],
    [say('column.origin'), r.origin],
    [say('column.received'), instant(r.receivedAt)],
    [say('column.state'), say(`record.${r.state}`)],
    [say('column.type'), r.contentType],
    [say('column.bytes'), bytesText(cli, r) + (r.sha256 ? ` · sha256 ${r.sha256.slice(0, 16)}` : '')],
  ]
  const head = rows.map(([name, value]) => `${name}: ${value === null ? '—' : clean(value)}`).join('\n')
  if (!body) return head
  const { text, charset } = readable(body, r.contentType)
  return `${head}\n\n${text ?? say('records.text-not', { size: body.length, charset })}`
}

/** Exactly the bytes, for a file or another program: no line end is added. */
async function raw(cli: Cli, id: string): Promise<void> {
  if (cli.json()) throw runtimeError('RUNTIME_REQUEST', { field: '--raw', reason: 'not with --json' })
  const { body } = await withOperations(cli, (o) => o.recordBody({ id }))
  process.stdout.write(Buffer.from(body, 'base64'))
}
