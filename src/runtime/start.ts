/**
 * Puts a configuration together into a running Tributary: the only place that constructs things. `serve`
 * takes webhooks in, `work` does the rest, `all` is both in one process.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { TributaryError } from '../core/errors/error.ts'
import { ledgerError } from '../core/errors/ledger.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import { CodeView } from '../ledger/code-view.ts'
import type { Database } from '../ledger/database.ts'
import { installationId } from '../ledger/migrate.ts'
import { settler } from '../ledger/settle.ts'
import type { Pipe } from '../pipeline/pipe.ts'
import { createReceiver, type Receiver } from '../pipeline/receive.ts'
import { openBudgets } from './budgets.ts'
import type { BrokenConfig, Config } from './config.ts'
import type { Environment } from './config-environment.ts'
import { chooseStart, type StartChoice } from './configuration-start.ts'
import { type Control, serveControl } from './control.ts'
import { controlPath } from './control-protocol.ts'
import { Follower } from './follow.ts'
import { closeGeneration, openGeneration, statedTables, type Workshop } from './generation.ts'
import { openLedger, openLedgerQueue } from './ledger.ts'
import { Live } from './live.ts'
import type { Log } from './log.ts'
import type { Readiness, Running, WebhookAnswer } from './operations.ts'
import type { OperationsContext } from './operations-desk.ts'
import { ledgerOperations } from './operations-ledger.ts'
import { openTokens } from './tokens.ts'
import { version } from './version.ts'
import { startWork, type Workers } from './work.ts'

export interface StartOptions {
  role: 'all' | 'serve' | 'work'
  log: Log
  /** Where `${NAME}` of an applied configuration comes from; the process's own without. */
  env?: Environment
  /** Activate the given configuration, whatever is active in the ledger. */
  apply?: boolean
  /** Whose hand it was, with `apply`. */
  by?: string
}

/**
 * Opens everything and starts the role's work, by the given configuration or by the active one of the ledger
 * (configuration-start.ts). Throws config, ledger and connector errors as they are.
 */
export async function startRuntime(config: Config | BrokenConfig, options: StartOptions): Promise<Running> {
  const closers: (() => Promise<unknown>)[] = []
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    const { pipe, live, follower, work } = await openPipe(config, options, closers)
    const operations = ledgerOperations(pipe, contextOf(live, config.storage))
    const control = await openControl(config, pipe.db.kind, operations, options.log)
    if (control) closers.push(() => control.close())
    if (options.role !== 'serve') {
      work.workers = await startWork(pipe, live)
      closers.push(() => work.workers!.stop())
    }
    // it stops first: nothing is to be swapped under workers that end
    closers.push(() => follower.stop())
    await follower.start()
    const receiver = createReceiver(pipe)
    return {
      operations,
      receiveWebhook: (connection, topic, headers, body) =>
        receiveWebhook(pipe, receiver, { connection, topic, headers, body }),
      ready: () => readiness(pipe, options.role),
      close: closeAll,
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** What operations know of the configuration: always the present one. */
function contextOf(live: Live, storage: Config['storage']): OperationsContext {
  return {
    startedAt: new Date(),
    config: {
      storage,
      get connections() {
        return live.now.config.connections
      },
      get alerts() {
        return live.now.config.alerts
      },
      get company() {
        return live.now.config.company
      },
    },
  }
}

interface Opened {
  pipe: Pipe
  live: Live
  follower: Follower
  /** The working half, once it is started. */
  work: { workers: Workers | null }
}

/** Ledger, queue and connections; what is opened is to be closed in reverse order. */
async function openPipe(
  config: Config | BrokenConfig,
  options: StartOptions,
  closers: (() => Promise<unknown>)[],
): Promise<Opened> {
  const { log, env = process.env, apply = false, by = 'start' } = options
  const db = await openLedger(config.storage, log)
  closers.push(() => db.close())
  const queue = await openLedgerQueue(config.storage, db, log)
  closers.push(() => queue.close())
  const choice = await chooseStart(db, { config, env, log, apply, who: by })
  const codes = await openCodes(choice.config, db, log)
  closers.push(() => codes.close())
  const budgets = openBudgets(config.storage, db, log)
  closers.push(() => budgets.close())
  const workshop: Workshop = { log, codes, budgets, tokens: openTokens(db, config.storage.key) }
  const live = await openLive(choice, workshop)
  closers.push(() => closeGeneration(live.now, null))
  const work: Opened['work'] = { workers: null }
  const follower = new Follower({
    ...{ db, live, codes, own: config, env, log, workshop },
    process: describeProcess(options.role, live.now.activation, choice.fileHash),
    follow: async () => work.workers?.follow(),
  })
  closers.push(() => follower.close())
  const same = {
    ...{ db, queue, codes, configuration: follower, settler: settler(db) },
    installation: await installationId(db),
  }
  const pipe = livePipe(live, same, log)
  return { pipe, live, follower, work }
}

/** The pipe that always works by the present configuration. */
function livePipe(live: Live, same: Omit<Pipe, 'connections' | 'flows' | 'company' | 'log'>, log: Log): Pipe {
  return {
    ...same,
    get connections() {
      return live.now.connections
    },
    get flows() {
      return live.now.flows
    },
    get company() {
      return live.now.config.company
    },
    log: (level, event, fields = {}) => log[level]({ event, ...fields }),
  }
}

/** Opens the connections, and only then puts down that it runs. */
async function openLive({ config, uses, record, close }: StartChoice, workshop: Workshop): Promise<Live> {
  const opened = await openGeneration({ activation: null, config, uses, close }, workshop)
  try {
    return new Live({ ...opened, activation: await record() })
  } catch (error) {
    await closeGeneration(opened, null)
    throw error
  }
}

function describeProcess(role: StartOptions['role'], activation: number | null, fileHash: string | null) {
  const id = randomUUID()
  return { id, role, host: hostname(), pid: process.pid, version: version(), activation, fileHash }
}

/** The code tables of tributary.yaml with the ledger's over them, kept up to date until it is closed. */
function openCodes(config: Config, db: Database, log: Log): Promise<CodeView> {
  return new CodeView(db, statedTables(config)).start((error) =>
    log.warn({ event: 'codes.check-failed', error }),
  )
}

/** Only the embedded ledger needs the socket: it has room for one process. */
async function openControl(
  config: Pick<Config, 'storage'>,
  kind: string,
  operations: Running['operations'],
  log: Log,
): Promise<Control | null> {
  if (kind !== 'pglite') return null
  return serveControl(operations, controlPath(config.storage.data), (error, method) =>
    log.error({ event: 'control.failed', method, error }),
  )
}

interface Incoming {
  connection: string
  topic: string
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

async function receiveWebhook(pipe: Pipe, receiver: Receiver, incoming: Incoming): Promise<WebhookAnswer> {
  const { connection: id, topic, headers, body } = incoming
  const connection = pipe.connections.get(id)
  if (!connection) throw runtimeError('RUNTIME_UNKNOWN', { what: 'connection', id })
  const webhook = connection.webhooks.find((w) => w.topic === topic)
  if (!webhook) throw runtimeError('RUNTIME_UNKNOWN', { what: 'topic', id: topic })
  const delivery = webhook.receive(headers, body)
  try {
    await receiver.webhook(id, topic, delivery, body)
  } catch (error) {
    if (error instanceof TributaryError) throw error
    // whatever the database said, the record is not durable: the sender must come again
    throw ledgerError(
      'LEDGER_UNREACHABLE',
      { problem: (error as { code?: string }).code ?? 'no commit' },
      error,
    )
  }
  return webhook.answer
}

/** Longest that one of them may take to answer: less than whoever asks us waits. Milliseconds. */
const ANSWERS_WITHIN = 2_000

async function answers(ask: () => Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('does not answer'), ANSWERS_WITHIN)
  })
  try {
    return await Promise.race([ask().then(() => 'ok'), late])
  } catch (error) {
    return (error as { code?: string }).code ?? 'does not answer'
  } finally {
    clearTimeout(timer)
  }
}

/** What takes webhooks in needs the database alone; one that only works needs the queue as well. */
async function readiness(pipe: Pipe, role: StartOptions['role']): Promise<Readiness> {
  const checks: Readiness['checks'] = { database: await answers(() => pipe.db.query('select 1')) }
  if (role === 'work') checks.queue = await answers(() => pipe.queue.ready())
  return { ready: Object.values(checks).every((c) => c === 'ok'), checks }
}
