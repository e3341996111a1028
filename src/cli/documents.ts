/** `tributary documents list|show`: what records became, of every kind. */
import type { Command } from 'commander'
import { DOCUMENT_KINDS } from '../core/states.ts'
import type { DocumentDetail } from '../runtime/operations.ts'
import { type Cli, given, readCount, readWord } from './context.ts'
import { withOperations } from './open.ts'
import { printNext, withPage } from './page.ts'
import { told } from './story.ts'
import { clean, instant, table } from './table.ts'

interface ListOptions {
  connection?: string
  kind?: string
  about?: string
  limit?: string
  after?: string
}

export function documents(cli: Cli): Command {
  const { program, say } = cli
  const group = program.command('documents').description(say('documents'))
  withPage(
    cli,
    group
      .command('list')
      .description(say('documents.list'))
      .option('--connection <id>', say('option.connection'))
      .option('--kind <kind>', say('option.kind', { kinds: DOCUMENT_KINDS.join(', ') }))
      .option('--about <term>', say('option.about')),
  ).action((options: ListOptions) => list(cli, options))
  group
    .command('show')
    .description(say('documents.show'))
    .argument('<document>', say('argument.document'))
    .option('--content', say('option.content'))
    .action((ref: string, options: { content?: boolean }) => show(cli, ref, options.content === true))
  return group
}

async function list(cli: Cli, options: ListOptions): Promise<void> {
  const { say } = cli
  const filter = given({
    connection: options.connection,
    kind: readWord('kind', options.kind, DOCUMENT_KINDS),
    about: options.about,
    limit: readCount('limit', options.limit, [1, 500]),
    after: options.after,
  })
  const page = await withOperations(cli, (o) => o.documentList(filter))
  cli.show(page, () => {
    if (page.items.length === 0) return say('nothing')
    const titles = ['document', 'number', 'version', 'state', 'changed'] as const
    return table(
      titles.map((t) => say(`column.${t}`)),
      page.items.map((d) => [d.key, d.number, d.version, say(`document.${d.state}`), instant(d.updatedAt)]),
    )
  })
  printNext(cli, page.next)
}

async function show(cli: Cli, ref: string, content: boolean): Promise<void> {
  const found = await withOperations(cli, (o) => o.documentShow({ ref, content }))
  cli.show(found, () => documentText(cli, found))
}

function documentText({ say, language }: Cli, d: DocumentDetail): string {
  const rows: [string, string | null][] = [
    [say('column.document'), d.key],
    [say('column.number'), d.number],
    [say('column.version'), `${d.version} (${d.versions})`],
    [say('column.state'), say(`document.${d.state}`)],
    [say('column.record'), d.record],
    [say('column.changed'), instant(d.updatedAt)],
  ]
  const parts = [
    rows.map(([name, value]) => `${name}: ${value === null ? '—' : clean(value)}`).join('\n'),
    told(d.journal, say),
    ...d.parked.map((p) =>
      say('story.parked', { id: p.id, message: p.message[language], fix: p.fix[language] }),
    ),
  ]
  // The content as it is: looking at it is what --content is for.
  if (d.content) parts.push(JSON.stringify(d.content, null, 2))
  return parts.filter((part) => part !== '').join('\n\n')
}
