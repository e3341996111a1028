/**
 * Puts a configuration together into a running Tributary: the only place that constructs things. `serve`
 * takes webhooks in, `work` does the rest, `all` is both in one process.
 */
import { TributaryError } from '../core/errors/error.ts'
import { ledgerError } from '../core/errors/ledger.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import { compileExpression } from '../expression/compile.ts'
import { CodeView } from '../ledger/code-view.ts'
import type { Database } from '../ledger/database.ts'
import { installationId } from '../ledger/migrate.ts'
import { settler } from '../ledger/settle.ts'
import type { Flow, Pipe } from '../pipeline/pipe.ts'
import { createReceiver, type Receiver } from '../pipeline/receive.ts'
import { openBudgets } from './budgets.ts'
import type { Config, FlowConfig } from './config.ts'
import { openConnections } from './connections.ts'
import { type Control, serveControl } from './control.ts'
import { controlPath } from './control-protocol.ts'
import { openLedger, openLedgerQueue } from './ledger.ts'
import type { Log } from './log.ts'
import type { Readiness, Running, WebhookAnswer } from './operations.ts'
import { ledgerOperations } from './operations-ledger.ts'
import { openTokens } from './tokens.ts'
import { startWork, type Workers } from './work.ts'

export interface StartOptions {
  role: 'all' | 'serve' | 'work'
  log: Log
}

/** Opens everything and starts the role's work. Throws config, ledger and connector errors as they are. */
export async function startRuntime(config: Config, { role, log }: StartOptions): Promise<Running> {
  const closers: (() => Promise<unknown>)[] = []
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    const pipe = await openPipe(config, log, closers)
    const operations = ledgerOperations(pipe, { startedAt: new Date(), config })
    const control = await openControl(config, pipe.db.kind, operations, log)
    if (control) closers.push(() => control.close())
    const workers: Workers | null = role === 'serve' ? null : await startWork(pipe, config)
    if (workers) closers.push(() => workers.stop())
    const receiver = createReceiver(pipe)
    return {
      operations,
      receiveWebhook: (connection, topic, headers, body) =>
        receiveWebhook(pipe, receiver, { connection, topic, headers, body }),
      ready: () => readiness(pipe, role),
      close: closeAll,
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** Ledger, queue and connections; what is opened is to be closed in reverse order. */
async function openPipe(config: Config, log: Log, closers: (() => Promise<unknown>)[]): Promise<Pipe> {
  const db = await openLedger(config.storage, log)
  closers.push(() => db.close())
  const queue = await openLedgerQueue(config.storage, db, log)
  closers.push(() => queue.close())
  const codes = await openCodes(config, db, log)
  closers.push(() => codes.close())
  const budgets = openBudgets(config.storage, db, log)
  closers.push(() => budgets.close())
  const connections = await openConnections(config, log, {
    codes,
    budgets,
    tokens: openTokens(db, config.storage.key),
  })
  closers.push(() => Promise.all([...connections.values()].map((c) => c.close())))
  return {
    db,
    queue,
    connections,
    flows: Object.values(config.flows).map(openFlow),
    company: { zone: config.company.zone, currency: config.company.currency },
    installation: await installationId(db),
    settler: settler(db),
    codes,
    log: (level, event, fields = {}) => log[level]({ event, ...fields }),
  }
}

/** The code tables of tributary.yaml with the ledger's over them, kept up to date until it is closed. */
function openCodes(config: Config, db: Database, log: Log): Promise<CodeView> {
  const base = Object.fromEntries(Object.values(config.connections).map((c) => [c.id, c.codes]))
  return new CodeView(db, base).start((error) => log.warn({ event: 'codes.check-failed', error }))
}

/** A flow as the pipe sees it; `adopt.number` becomes a function of the order. */
function openFlow({ id, shops, erp, from, mode, back, adopt }: FlowConfig): Flow {
  if (!adopt) return { id, shops, erp, from, mode, back, adopt: null }
  const expression = compileExpression(adopt.number)
  const number = (order: unknown) => {
    const value = expression(order)
    return value === undefined || value === null || value === '' ? null : String(value)
  }
  return { id, shops, erp, from, mode, back, adopt: { number, until: adopt.until } }
}

/** Only the embedded ledger needs the socket: it has room for one process. */
async function openControl(
  config: Config,
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
  return { ...webhook.answer, ...delivery.answer }
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
