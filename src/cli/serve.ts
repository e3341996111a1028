/** `tributary serve` and `tributary work`: the two halves of `start`, for several processes on one database. */
import type { Command } from 'commander'
import type { HttpServer } from '../http/server.ts'
import type { Config } from '../runtime/config.ts'
import { createLog, type Log } from '../runtime/log.ts'
import type { Running } from '../runtime/operations.ts'
import { type Cli, readCount } from './context.ts'
import { untilStopped } from './stop.ts'

export interface ListenOptions {
  host?: string
  port?: string
}

/** Webhooks, API, health and metrics; no work. */
export function serve(cli: Cli): Command {
  const { program, say } = cli
  return program
    .command('serve')
    .description(say('serve'))
    .option('--host <address>', say('option.host'))
    .option('--port <port>', say('option.port'))
    .action((options: ListenOptions) => runServer(cli, 'serve', options))
}

/** Everything but HTTP: reads, maps, plans, delivers. */
export function work(cli: Cli): Command {
  const { program, say } = cli
  return program
    .command('work')
    .description(say('work'))
    .action(async () => {
      const config = cli.config()
      const running = await startRole(config, 'work', createLog({ level: config.log.level }))
      cli.show({ working: true, pid: process.pid }, () => say('work.started'))
      await untilStopped(cli, () => running.close())
    })
}

/** Runs until a signal: the runtime of that role with HTTP in front. */
export async function runServer(cli: Cli, role: 'all' | 'serve', options: ListenOptions): Promise<void> {
  const config = cli.config()
  const { host, port } = addressOf(config, options)
  const log = createLog({ level: config.log.level })
  const { startHttp } = await import('../http/server.ts')
  const running = await startRole(config, role, log)
  let http: HttpServer
  try {
    http = await startHttp({ running, host, port, log })
  } catch (error) {
    await running.close()
    throw error
  }
  cli.show({ url: http.url, role, pid: process.pid }, () => where(cli, config, http.url))
  await untilStopped(cli, async () => {
    await http.close()
    await running.close()
  })
}

/** Loaded when needed: most commands never open the ledger themselves. */
async function startRole(config: Config, role: 'all' | 'serve' | 'work', log: Log): Promise<Running> {
  const { startRuntime } = await import('../runtime/start.ts')
  return startRuntime(config, { role, log })
}

/** The configuration's address, unless the command line has another. */
export function addressOf(config: Config, options: ListenOptions): { host: string; port: number } {
  return {
    host: options.host ?? config.http.host,
    port: readCount('port', options.port, [0, 65535]) ?? config.http.port,
  }
}

function where({ say }: Cli, config: Config, url: string): string {
  const modes = Object.values(config.flows).map(
    (f) => `${f.id}: ${f.shops.join(', ')} → ${f.erp} (${f.mode})`,
  )
  return [
    say('started', { url }),
    `  ${say('started.webhooks')}: ${url}/webhooks/<connection>/<topic>`,
    `  ${say('started.health')}: ${url}/healthz  ${url}/readyz  ${url}/metrics`,
    `  ${say('started.api')}: ${url}/v1/openapi.json`,
    `  ${say('started.data')}: ${config.storage.database ? 'PostgreSQL' : config.storage.data}`,
    ...modes.map((mode) => `  ${mode}`),
  ].join('\n')
}
