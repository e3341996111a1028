/** `tributary webhooks show|sync`: what the platform sends us, as it should be. */
import type { Command } from 'commander'
import type { WebhookReport, WebhookSubscription } from '../runtime/operations.ts'
import { actor, type Cli, EXIT, given } from './context.ts'
import { withOperations } from './open.ts'
import { clean, table } from './table.ts'

interface Options {
  publicUrl?: string
  dryRun?: boolean
  remove?: boolean
  renew?: boolean
}

export function webhooks(cli: Cli): Command {
  const { program, say } = cli
  const group = program.command('webhooks').description(say('webhooks'))
  group
    .command('show')
    .description(say('webhooks.show'))
    .argument('<connection>', say('argument.connection'))
    .option('--public-url <address>', say('option.public-url'))
    .action((connection: string, o: Options) => show(cli, connection, o))
  group
    .command('sync')
    .description(say('webhooks.sync'))
    .argument('<connection>', say('argument.connection'))
    .option('--dry-run', say('option.dry-run'))
    .option('--remove', say('option.webhooks-remove'))
    .option('--renew', say('option.webhooks-renew'))
    .option('--public-url <address>', say('option.public-url'))
    .action((connection: string, o: Options) => sync(cli, connection, o))
  return group
}

async function show(cli: Cli, connection: string, { publicUrl }: Options): Promise<void> {
  const request = { connection, ...given({ publicUrl }) }
  print(cli, await withOperations(cli, (o) => o.webhooksShow(request)))
}

async function sync(cli: Cli, connection: string, options: Options): Promise<void> {
  const { publicUrl, remove, renew, dryRun } = options
  const request = { connection, ...given({ publicUrl, remove, renew }) }
  const report = await withOperations(cli, (o) =>
    dryRun ? o.webhooksShow(request) : o.webhooksSync({ ...request, ...actor() }),
  )
  print(cli, report)
  if (report.changed && (report.wrong > 0 || report.subscriptions.some((s) => s.failed)))
    cli.exit(EXIT.failed)
}

/** With nothing to do, or all done, exit code 0; 4 where only looked at and something is not right. */
function print(cli: Cli, report: WebhookReport): void {
  cli.show(report, () => text(cli, report))
  if (!report.changed && report.wrong > 0) cli.exit(EXIT.found)
}

function text({ say, language }: Cli, { connection, changed, subscriptions, wrong }: WebhookReport): string {
  if (subscriptions.length === 0) return say('webhooks.none', { connection })
  const does = (s: WebhookSubscription) => {
    if (s.does === 'keep') return ''
    if (s.failed) return say('webhooks.failed')
    return say(`webhooks.${changed ? 'did' : 'would'}-${s.does}`)
  }
  const lines = [
    table(
      (['webhook', 'topic', 'state', 'does', 'address'] as const).map((t) => say(`column.webhooks-${t}`)),
      subscriptions.map((s) => [s.webhook, s.topic, say(`webhooks.is-${s.state}`), does(s), s.address]),
    ),
  ]
  for (const { webhook, failed } of subscriptions) {
    if (failed)
      lines.push(
        `✗ ${webhook}: ${failed.code}: ${clean(failed.say[language])}`,
        `  → ${failed.fix[language]}`,
      )
  }
  if (changed) lines.push(say(wrong === 0 ? 'webhooks.right' : 'webhooks.wrong', { count: wrong }))
  else if (wrong > 0) lines.push(say('webhooks.how', { connection }))
  return lines.join('\n')
}
