/** `tributary configuration list|show`: what was activated when, and what it consisted of. */
import type { Command } from 'commander'
import { runtimeError } from '../core/errors/runtime.ts'
import { MARK } from '../runtime/config-environment.ts'
import type { Operations } from '../runtime/operations.ts'
import type { ConfigurationDetail } from '../runtime/operations-configuration-types.ts'
import { type Cli, given, readCount } from './context.ts'
import { withOperations } from './open.ts'
import { printNext, withPage } from './page.ts'
import { clean, instant, table } from './table.ts'

export function configuration(cli: Cli): Command {
  const { program, say } = cli
  const group = program.command('configuration').description(say('configuration'))
  withPage(cli, group.command('list').description(say('configuration.list'))).action(
    (options: { limit?: string; after?: string }) => list(cli, options),
  )
  group
    .command('show')
    .description(say('configuration.show'))
    .argument('[activation]', say('argument.activation'))
    .option('--file <path>', say('option.file'))
    .action((id: string | undefined, options: { file?: string }) => show(cli, id, options))
  return group
}

async function list(cli: Cli, options: { limit?: string; after?: string }): Promise<void> {
  const { say } = cli
  const query = given({ limit: readCount('limit', options.limit, [1, 500]), after: options.after })
  const look = async (o: Operations) => ({
    page: await o.configurationList(query),
    active: (await o.configurationState({})).active?.id,
  })
  const { page, active } = await withOperations(cli, look, cli.ownConfig())
  cli.show(page, () =>
    page.items.length === 0
      ? say('configuration.none')
      : table(
          (['activation', 'at', 'kind', 'who', 'configuration', 'why'] as const).map((c) =>
            say(`column.${c}`),
          ),
          page.items.map((a) => [
            a.id === active ? `${a.id} ${say('configuration.active')}` : a.id,
            ...[
              instant(a.at),
              say(`kind.${a.kind}`),
              a.by,
              `${a.configuration} (${a.hash.slice(0, 8)})`,
              a.why,
            ],
          ]),
        ),
  )
  printNext(cli, page.next)
}

async function show(cli: Cli, id: string | undefined, { file }: { file?: string }): Promise<void> {
  const look = (o: Operations) => o.configurationShow(id === undefined ? {} : { id })
  const detail = await withOperations(cli, look, cli.ownConfig())
  if (file === undefined) return cli.show(detail, () => detailText(cli, detail))
  const text = detail.files[file]
  if (text === undefined) {
    const reason = Object.keys(detail.files).join(' | ')
    throw runtimeError('RUNTIME_REQUEST', { field: '--file', reason })
  }
  process.stdout.write(text)
  if (text.includes(MARK)) process.stderr.write(`${cli.say('configuration.marked', { mark: MARK })}\n`)
}

function detailText({ say }: Cli, detail: ConfigurationDetail): string {
  const head = `${detail.id}: ${say(`kind.${detail.kind}`)}, ${instant(detail.at)}, ${clean(detail.by)}`
  const why = detail.why === null ? [] : [clean(detail.why)]
  const files = Object.entries(detail.files).flatMap(([name, text]) => ['', `── ${name}`, text.trimEnd()])
  return [head, ...why, ...files].join('\n')
}
