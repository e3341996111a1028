/** `tributary check`: is everything in place, and what would the first run do? Writes nothing unless asked to. */
import type { Command } from 'commander'
import { TributaryError } from '../core/errors/error.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import type { Connection } from '../core/ports.ts'
import type { Config } from '../runtime/config.ts'
import type { FirstRun } from '../runtime/first-run.ts'
import { createLog, type Log } from '../runtime/log.ts'
import type { SampleResult } from '../runtime/sample.ts'
import { type Cli, EXIT, readCount } from './context.ts'
import { connectControl } from './control.ts'
import { clean } from './table.ts'

interface Options {
  most?: string
  sendSample?: string | true
  sku: string
}

interface Answer {
  /** `unapplied`: something else is active in the ledger that runs. */
  config: { file: string; warnings: Config['warnings']; unapplied: boolean }
  connections: { connection: string; ok: boolean; say: string }[]
  flows: (FirstRun | { flow: string; failed: string })[]
  sample?: SampleResult
}

/** How long a system may take to answer its harmless question. Milliseconds. */
const PATIENCE = 20_000

export function check(cli: Cli): Command {
  const { program, say } = cli
  return program
    .command('check')
    .description(say('check'))
    .option('--most <count>', say('option.most'))
    .option('--send-sample [connection]', say('option.send-sample'))
    .option('--sku <code>', say('option.sku'), 'SAMPLE')
    .action((options: Options) => run(cli, options))
}

async function run(cli: Cli, options: Options): Promise<void> {
  const config = cli.config()
  const most = readCount('most', options.most, [1, 1_000_000]) ?? 5000
  const { openConnections } = await import('../runtime/connections.ts')
  const log = createLog({ level: 'error' })
  const kept = await openKeptTokens(config, log)
  const connections = await openConnections(config, log, kept ? { tokens: kept.tokens } : {})
  try {
    const answer: Answer = {
      config: { file: config.file, warnings: config.warnings, unapplied: await isUnapplied(config) },
      connections: await Promise.all([...connections.values()].map(ask)),
      flows: [],
    }
    const silent = new Set(answer.connections.filter((c) => !c.ok).map((c) => c.connection))
    for (const flow of Object.values(config.flows)) {
      if (flow.mode === 'off' || flow.shops.some((shop) => silent.has(shop))) continue
      answer.flows.push(await firstRunOf(cli, config, flow, connections, most))
    }
    if (options.sendSample !== undefined) answer.sample = await sample(config, connections, options)
    cli.show(answer, () => text(cli, answer))
    if (silent.size > 0 || answer.flows.some((f) => 'failed' in f)) cli.exit(EXIT.failed)
    if (answer.sample && answer.sample.outcome.kind !== 'done') cli.exit(EXIT.failed)
  } finally {
    await Promise.all([...connections.values()].map((c) => c.close()))
    await kept?.close()
  }
}

/** On a server's database commands share the tokens of what runs; the embedded ledger has room for one process. */
async function openKeptTokens({ storage }: Config, log: Log) {
  if (!storage.database || !storage.key) return null
  const { openPostgres } = await import('../ledger/postgres.ts')
  const { openTokens } = await import('../runtime/tokens.ts')
  const db = openPostgres({
    url: storage.database,
    onError: (error) => log.warn({ event: 'database.lost', error }),
  })
  return { tokens: openTokens(db, storage.key), close: () => db.close() }
}

/** Nobody is started for it: a process that holds the embedded ledger is asked, or the server. */
async function isUnapplied(config: Config): Promise<boolean> {
  const { hasUnapplied, peekConfiguration } = await import('../runtime/configuration-peek.ts')
  const { data, database } = config.storage
  const held = database ? null : await connectControl(data)
  try {
    const state = database
      ? await peekConfiguration(database)
      : ((await held?.operations.configurationState({})) ?? null)
    return state !== null && (await hasUnapplied(config, state))
  } finally {
    await held?.close()
  }
}

async function ask(connection: Connection): Promise<Answer['connections'][number]> {
  const { ok, say } = await connection.check(AbortSignal.timeout(PATIENCE))
  return { connection: connection.id, ok, say }
}

async function firstRunOf(
  cli: Cli,
  config: Config,
  flow: Config['flows'][string],
  connections: Map<string, Connection>,
  most: number,
): Promise<Answer['flows'][number]> {
  const { firstRun } = await import('../runtime/first-run.ts')
  try {
    return await firstRun(config, flow, connections, most)
  } catch (error) {
    // One shop that cannot be read must not hide what the others say.
    if (!(error instanceof TributaryError)) throw error
    return { flow: flow.id, failed: `${error.code}: ${error.say(cli.language)}` }
  }
}

async function sample(
  config: Config,
  connections: Map<string, Connection>,
  options: Options,
): Promise<SampleResult> {
  const erps = [...new Set(Object.values(config.flows).map((f) => f.erp))]
  const id = options.sendSample === true ? erps[0] : options.sendSample
  if (options.sendSample === true && erps.length > 1) {
    throw runtimeError('RUNTIME_REQUEST', { field: '--send-sample', reason: erps.join(' | ') })
  }
  const connection = connections.get(id ?? '')
  if (!connection) throw runtimeError('RUNTIME_UNKNOWN', { what: 'connection', id: id ?? '' })
  const { writeSample } = await import('../runtime/sample.ts')
  return writeSample(connection, { currency: config.company.currency, sku: options.sku })
}

function text({ say }: Cli, answer: Answer): string {
  const lines = [`✓ ${say('check.config', { file: answer.config.file })}`]
  for (const w of answer.config.warnings) {
    lines.push(`! ${say(`check.${w.code}`, { line: w.line, field: w.field })}`)
  }
  if (answer.config.unapplied) lines.push(`! ${say('configuration.file-differs')}`)
  for (const c of answer.connections) lines.push(`${c.ok ? '✓' : '✗'} ${c.connection}: ${clean(c.say)}`)
  for (const flow of answer.flows) {
    if ('failed' in flow) lines.push(`✗ ${flow.flow}: ${clean(flow.failed)}`)
    else lines.push(...flowText(say, flow))
  }
  if (answer.sample) {
    const { connection, number, key, outcome } = answer.sample
    lines.push(`${outcome.kind === 'done' ? '✓' : '✗'} ${say('check.sample', { connection, number, key })}`)
    if (outcome.kind !== 'done') lines.push(`    ${outcome.kind}: ${outcome.code} ${clean(outcome.message)}`)
  }
  return lines.join('\n')
}

function flowText(say: Cli['say'], flow: FirstRun): string[] {
  const counts = (by: { [name: string]: number }) =>
    Object.entries(by)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
  const orders = `${flow.orders}${flow.more ? '+' : ''}`
  const lines = [`✓ ${say('check.flow', { flow: flow.flow, mode: flow.mode, orders, push: flow.push })}`]
  if (Object.keys(flow.not).length > 0) lines.push(`    ${say('check.not')}: ${counts(flow.not)}`)
  if (Object.keys(flow.parked).length > 0) lines.push(`    ${say('check.parked')}: ${counts(flow.parked)}`)
  return lines
}
