/** `tributary serve` and `tributary work`: the two halves of `start`, for several processes on one database. */
import { hostname } from 'node:os'
import type { Command } from 'commander'
import { TributaryError } from '../core/errors/error.ts'
import type { HttpServer } from '../http/server.ts'
import { type BrokenConfig, type Config, HEALTH_PORT, type OwnConfig } from '../runtime/config.ts'
import { createLog, type Log } from '../runtime/log.ts'
import type { Running } from '../runtime/operations.ts'
import { actor, type Cli, readCount } from './context.ts'
import { listenForStop } from './stop.ts'

export interface ListenOptions {
  host?: string
  port?: string
  /** Activate this process's file, whatever is active. */
  apply?: boolean
}

/** Webhooks, API, health and metrics; no work. */
export function serve(cli: Cli): Command {
  const { program, say } = cli
  return program
    .command('serve')
    .description(say('serve'))
    .option('--host <address>', say('option.host'))
    .option('--port <port>', say('option.port'))
    .option('--apply', say('option.apply'))
    .action((options: ListenOptions) => runServer(cli, 'serve', options))
}

interface WorkOptions extends ListenOptions {
  /** False with `--no-health`. */
  health: boolean
}

/** Everything but taking in: reads, maps, plans, delivers, and says how it is. */
export function work(cli: Cli): Command {
  const { program, say } = cli
  return program
    .command('work')
    .description(say('work'))
    .option('--host <address>', say('option.health-host'))
    .option('--port <port>', say('option.health-port'))
    .option('--no-health', say('option.no-health'))
    .option('--apply', say('option.apply'))
    .action((options: WorkOptions) => runWork(cli, options))
}

async function runWork(cli: Cli, options: WorkOptions): Promise<void> {
  const stop = listenForStop(cli)
  const config = cli.ownConfig()
  const at = healthAddress(config, options)
  const log = createLog({ level: config.log.level })
  const { running } = await startRole(cli, config, 'work', { log, apply: options.apply === true })
  let http: HttpServer | null
  try {
    http = at && (await listenForHealth(running, at, log))
  } catch (error) {
    await running.close()
    throw error
  }
  const url = http?.url ?? null
  cli.show({ working: true, url, pid: process.pid }, () =>
    [cli.say('work.started'), ...(url ? [healthLine(cli, url)] : [])].join('\n'),
  )
  await stop.wait(async () => {
    await http?.close()
    await running.close()
  })
}

type HealthAddress = NonNullable<Config['health']>

/** The command line's address, else the configuration's; null: nowhere. A stated address counts as a wish for it. */
function healthAddress({ health }: Pick<Config, 'health'>, options: WorkOptions): HealthAddress | null {
  const port = readCount('port', options.port, [0, 65535])
  const wished = options.host !== undefined || port !== undefined
  if (!options.health || (!health && !wished)) return null
  const { host, port: usual, stated } = health ?? { host: '127.0.0.1', port: HEALTH_PORT, stated: false }
  return { host: options.host ?? host, port: port ?? usual, stated: stated || port !== undefined }
}

/** Several `work` on one machine are usual: a port that nobody chose gives way when another has it. */
async function listenForHealth(
  running: Running,
  { host, port, stated }: HealthAddress,
  log: Log,
): Promise<HttpServer> {
  const { startHealth } = await import('../http/server.ts')
  try {
    return await startHealth({ running, host, port, log })
  } catch (error) {
    const taken = error instanceof TributaryError && error.detail.reason === 'EADDRINUSE'
    if (stated || !taken) throw error
    log.warn({ event: 'health.port-taken', port })
    return startHealth({ running, host, port: 0, log })
  }
}

/** Runs until a signal: the runtime of that role with HTTP in front. */
export async function runServer(cli: Cli, role: 'all' | 'serve', options: ListenOptions): Promise<void> {
  const stop = listenForStop(cli)
  const config = cli.ownConfig()
  const { host, port } = addressOf(config, options)
  const log = createLog({ level: config.log.level })
  const { startHttp } = await import('../http/server.ts')
  const { running, config: file } = await startRole(cli, config, role, { log, apply: options.apply === true })
  let http: HttpServer
  try {
    http = await startHttp({ running, host, port, log })
  } catch (error) {
    await running.close()
    throw error
  }
  cli.show({ url: http.url, role, pid: process.pid }, () => where(cli, config, file, http.url))
  await stop.wait(async () => {
    await http.close()
    await running.close()
  })
}

/**
 * Loaded when needed: most commands never open the ledger themselves. `config`: what it runs by; null: not by the file.
 */
async function startRole(
  cli: Cli,
  config: Config | BrokenConfig,
  role: 'all' | 'serve' | 'work',
  options: { log: Log; apply: boolean },
): Promise<{ running: Running; config: Config | null }> {
  const { startRuntime } = await import('../runtime/start.ts')
  const running = await startRuntime(config, { role, env: cli.env, by: actor().by, ...options })
  const { processes } = await running.operations.configurationState({})
  const own = processes.find((p) => p.pid === process.pid && p.host === hostname())
  if (!own?.fileDiffers) return { running, config: 'broken' in config ? null : config }
  cli.remark(cli.say('configuration.unapplied', { file: config.file }))
  return { running, config: null }
}

/** The configuration's address, unless the command line has another. */
export function addressOf(
  config: Pick<Config, 'http'>,
  options: ListenOptions,
): { host: string; port: number } {
  return {
    host: options.host ?? config.http.host,
    port: readCount('port', options.port, [0, 65535]) ?? config.http.port,
  }
}

function healthLine({ say }: Cli, url: string): string {
  return `  ${say('started.health')}: ${url}/healthz  ${url}/readyz  ${url}/metrics`
}

function where(cli: Cli, { storage }: OwnConfig, file: Config | null, url: string): string {
  const { say } = cli
  const modes = Object.values(file?.flows ?? {}).map(
    (f) => `${f.id}: ${f.shops.join(', ')} → ${f.erp} (${f.mode})`,
  )
  return [
    say('started', { url }),
    `  ${say('started.webhooks')}: ${url}/webhooks/<connection>/<topic>`,
    healthLine(cli, url),
    `  ${say('started.api')}: ${url}/v1/openapi.json`,
    `  ${say('started.data')}: ${storage.database ? 'PostgreSQL' : storage.data}`,
    ...modes.map((mode) => `  ${mode}`),
  ].join('\n')
}
