/** `tributary alerts list|show|test|mute|unmute`: what is wrong, and who is told. */
import type { Command } from 'commander'
import { ALERT_KINDS } from '../core/alerts.ts'
import type { AlertDetail, AlertMute, AlertSummary } from '../runtime/operations-alert-types.ts'
import { actor, type Cli, EXIT, given, readCount, readWord } from './context.ts'
import { withOperations } from './open.ts'
import { printNext, withPage } from './page.ts'
import { clean, instant, table } from './table.ts'

interface ListOptions {
  all?: boolean
  kind?: string
  connection?: string
  limit?: string
  after?: string
}

export function alerts(cli: Cli): Command {
  const { program, say } = cli
  const group = program.command('alerts').description(say('alerts'))
  const below = (name: 'list' | 'show' | 'test' | 'mute' | 'unmute') =>
    group.command(name).description(say(`alerts.${name}`))
  withPage(
    cli,
    below('list')
      .option('--all', say('option.alerts-all'))
      .option('--kind <kind>', say('option.alert-kind'))
      .option('--connection <id>', say('option.connection')),
  ).action((options: ListOptions) => list(cli, options))
  below('show')
    .argument('<alert>', say('argument.alert'))
    .action((ref: string) => show(cli, ref))
  below('test')
    .argument('<channel>', say('argument.channel'))
    .action((channel: string) => test(cli, channel))
  below('mute')
    .argument('[cause]', say('argument.cause'))
    .option('--for <duration>', say('option.for'), '4h')
    .option('--why <text>', say('option.why'))
    .action((cause: string | undefined, options: { for: string; why?: string }) => mute(cli, cause, options))
  below('unmute')
    .argument('<cause>', say('argument.cause'))
    .action((cause: string) => unmute(cli, cause))
  return group
}

async function list(cli: Cli, options: ListOptions): Promise<void> {
  const filter = given({
    all: options.all,
    kind: readWord('kind', options.kind, ALERT_KINDS),
    connection: options.connection,
    limit: readCount('limit', options.limit, [1, 500]),
    after: options.after,
  })
  const page = await withOperations(cli, (o) => o.alertList(filter))
  cli.show(page, () =>
    page.items.length === 0 ? cli.say('alerts.none') : page.items.map((a) => alertText(cli, a)).join('\n'),
  )
  printNext(cli, page.next)
  if (page.items.some((a) => a.state === 'open')) cli.exit(EXIT.found)
}

/** Level and cause, since when, what it is and what to do. */
function alertText({ say, language }: Cli, a: AlertSummary): string {
  const until = a.closedAt ? ` – ${instant(a.closedAt)}` : ''
  const muted = a.mutedUntil ? `  ${say('alerts.muted-until', { until: instant(a.mutedUntil) })}` : ''
  const state = a.state === 'open' ? say(`level.${a.level}`) : say('alerts.over')
  const head = `${a.id}  ${state}  ${clean(a.cause)}  ${instant(a.openedAt)}${until}${muted}`
  const fix = a.state === 'open' ? `\n    → ${clean(a.fix[language])}` : ''
  return `${head}\n    ${clean(a.say[language])}${fix}`
}

async function show(cli: Cli, ref: string): Promise<void> {
  const alert = await withOperations(cli, (o) => o.alertShow({ ref }))
  cli.show(alert, () =>
    [alertText(cli, alert), details(alert), deliveries(cli, alert)].filter(Boolean).join('\n\n'),
  )
}

function details({ detail }: AlertDetail): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `    ${name}: ${clean(Array.isArray(value) ? value.join(', ') : String(value))}`)
    .join('\n')
}

function deliveries({ say }: Cli, { deliveries: rows }: AlertDetail): string {
  if (rows.length === 0) return say('alerts.untold')
  const titles = ['channel', 'event', 'state', 'attempts', 'sent', 'due', 'error'] as const
  return table(
    titles.map((t) => say(`column.${t}`)),
    rows.map((d) => [
      d.channel,
      d.round > 0 ? `${say(`event.${d.event}`)} ${d.round}` : say(`event.${d.event}`),
      say(`delivery.${d.state}`),
      d.attempts,
      instant(d.sentAt),
      instant(d.dueAt),
      d.code,
    ]),
  )
}

async function test(cli: Cli, channel: string): Promise<void> {
  const answer = await withOperations(cli, (o) => o.alertTest({ channel, ...actor() }))
  cli.show(answer, () => {
    const { say, fix } = answer
    return fix ? `${clean(say[cli.language])}\n    → ${clean(fix[cli.language])}` : clean(say[cli.language])
  })
  if (!answer.ok) cli.exit(EXIT.failed)
}

/** Without a cause, lists the mutes. */
async function mute(
  cli: Cli,
  cause: string | undefined,
  options: { for: string; why?: string },
): Promise<void> {
  if (cause === undefined) return listMutes(cli)
  const request = { cause, for: options.for, ...actor(options.why) }
  const made = await withOperations(cli, (o) => o.alertMute(request))
  cli.show(made, () => cli.say('alerts.muted', { cause: made.cause, until: instant(made.until) }))
}

async function listMutes(cli: Cli): Promise<void> {
  const { say } = cli
  const rows = await withOperations(cli, (o) => o.alertMutes({}))
  cli.show(rows, () =>
    rows.length === 0
      ? say('alerts.none-muted')
      : table(
          [say('column.cause'), say('column.until'), say('column.who'), say('column.why')],
          rows.map((m: AlertMute) => [m.cause, instant(m.until), m.by, m.why]),
        ),
  )
}

async function unmute(cli: Cli, cause: string): Promise<void> {
  const ended = await withOperations(cli, (o) => o.alertUnmute({ cause, ...actor() }))
  cli.show(ended, () => cli.say('alerts.unmuted', { cause: ended.cause }))
}
