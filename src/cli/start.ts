/**
 * `tributary start`: everything in one process. Without a configuration it runs the quickstart: sandboxes of a
 * shop and an ERP, a stream of orders, the pipe between them.
 */
import type { Command } from 'commander'
import { runtimeError } from '../core/errors/runtime.ts'
import { type Cli, readCount, readWord } from './context.ts'
import { type ListenOptions, runServer } from './serve.ts'

interface Options extends ListenOptions {
  orders?: string
  exit?: boolean
  erp?: string
}

/** Enough to watch for some minutes. */
const ORDERS = 2000

const ERPS = ['yonyou-nc', 'naive-erp'] as const

export function start(cli: Cli): Command {
  const { program, say } = cli
  return program
    .command('start')
    .description(say('start'))
    .option('--host <address>', say('option.host'))
    .option('--port <port>', say('option.port'))
    .option('--apply', say('option.apply'))
    .option('--orders <count>', say('option.orders'))
    .option('--exit', say('option.exit'))
    .option('--erp <sandbox>', say('option.erp-sandbox'))
    .action((options: Options) => run(cli, options))
}

async function run(cli: Cli, options: Options): Promise<void> {
  const { stated, exists } = cli.configFile()
  if (!stated && !exists) return quickstart(cli, options)
  const only = (['orders', 'exit', 'erp'] as const).find((name) => options[name] !== undefined)
  if (only) {
    const reason = 'belongs to the quickstart, which runs only without a tributary.yaml'
    throw runtimeError('RUNTIME_REQUEST', { field: `--${only}`, reason })
  }
  return runServer(cli, 'all', options)
}

/** Loaded only here: no other command pays for the generator and the sandboxes. */
async function quickstart(cli: Cli, options: Options): Promise<void> {
  const port = readCount('port', options.port, [1, 65535])
  const { runQuickstart } = await import('./quickstart/quickstart.ts')
  await runQuickstart(cli, {
    orders: readCount('orders', options.orders, [1, 1_000_000]) ?? ORDERS,
    exit: options.exit === true,
    erp: readWord('erp', options.erp, ERPS) ?? 'yonyou-nc',
    ...(port === undefined ? {} : { port }),
  })
}
