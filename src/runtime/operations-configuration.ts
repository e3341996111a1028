/** Operations on configurations: what is active, what was, and activating another one. */
import { configurationError } from '../core/errors/configuration.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import {
  type ActivationRow,
  activate,
  activationById,
  activations,
  activeConfiguration,
  configurationById,
  followedActivation,
} from '../ledger/configuration.ts'
import type { Database } from '../ledger/database.ts'
import { countFlowPushes, countOrders, countWaiting } from '../ledger/impact.ts'
import { livingProcesses, type ProcessRow } from '../ledger/process.ts'
import { fromWire } from './control-protocol.ts'
import type {
  ActivateRequest,
  ActivationSummary,
  ConfigurationOperations,
  ConfigurationState,
  Impact,
  ImpactQuery,
  ProcessSummary,
} from './operations-configuration-types.ts'
import type { Desk } from './operations-desk.ts'
import { page } from './operations-page.ts'

/** Longest that all of one impact may take to count. Milliseconds. */
const PATIENCE = 6_000

/** The operations on configurations. */
export function configurationOperations({ db }: Pick<Desk, 'db'>): ConfigurationOperations {
  return {
    configurationState: () => configurationState(db),
    async configurationList(query) {
      const { limit, before } = page(query)
      const rows = await activations(db, before, limit + 1)
      const items = rows.slice(0, limit).map(toSummary)
      return { items, next: rows.length > limit ? items.at(-1)!.id : null }
    },
    configurationShow: ({ id }) => show(db, id),
    configurationImpact: (query) => impact(db, query),
    configurationActivate: (request) => activateConfiguration(db, request),
  }
}

/** What is active and who runs by it. Throws what the database throws. */
export async function configurationState(db: Database): Promise<ConfigurationState> {
  const active = await activeConfiguration(db)
  const followed = await followedActivation(db)
  const rows = await livingProcesses(db)
  return {
    active: active && toSummary(active),
    applied: followed !== null,
    processes: rows.map((row) => toProcess(row, followed === null ? null : active)),
    replanning: active?.replan != null,
  }
}

async function show(db: Database, id: string | undefined) {
  const row = id === undefined ? await activeConfiguration(db) : await activationById(db, idOf('id', id))
  if (!row) {
    throw id === undefined
      ? configurationError('CONFIGURATION_NONE')
      : runtimeError('RUNTIME_UNKNOWN', { what: 'configuration', id })
  }
  const { files } = (await configurationById(db, row.configuration_id))!
  return { ...toSummary(row), files, uses: row.uses }
}

async function impact(db: Database, { flows, orders, connections }: ImpactQuery): Promise<Impact> {
  const each = PATIENCE / Math.max(1, flows.length + orders.length)
  const counted: Impact = { flows: [], orders: [], connections: [] }
  for (const flow of flows) counted.flows.push(await countFlowPushes(db, flow, each))
  for (const { flow, ranges } of orders) counted.orders.push(await countOrders(db, flow, ranges, each))
  for (const id of connections) counted.connections.push(await countWaiting(db, id))
  return counted
}

async function activateConfiguration(db: Database, request: ActivateRequest): Promise<ActivationSummary> {
  const { configuration, kind, uses, replan, expected, by, why } = request
  const known = typeof configuration === 'string' ? idOf('configuration', configuration) : configuration
  if (typeof known === 'number' && !(await configurationById(db, known))) {
    throw runtimeError('RUNTIME_UNKNOWN', { what: 'configuration', id: String(known) })
  }
  const made = await activate(db, {
    ...{ configuration: known, kind, uses, replan: replan.length > 0 ? replan : null },
    ...{ who: by, why: why ?? null, expected: expected === null ? null : idOf('expected', expected) },
  })
  if (!made) throw configurationError('CONFIGURATION_CHANGED')
  return toSummary(made)
}

function idOf(field: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw runtimeError('RUNTIME_REQUEST', { field, reason: 'a whole number' })
}

function toSummary(row: ActivationRow): ActivationSummary {
  return {
    id: String(row.id),
    configuration: String(row.configuration_id),
    hash: row.hash,
    from: row.from_id === null ? null : String(row.from_id),
    kind: row.kind,
    at: row.at.toISOString(),
    by: row.who,
    why: row.why,
  }
}

/** `active`: null as long as processes run by their files. */
function toProcess(row: ProcessRow, active: ActivationRow | null): ProcessSummary {
  const error = row.problem && fromWire(row.problem as Parameters<typeof fromWire>[0])
  return {
    id: row.id,
    role: row.role,
    host: row.host,
    pid: row.pid,
    version: row.version,
    startedAt: row.started_at.toISOString(),
    activation: row.activation_id === null ? null : String(row.activation_id),
    refused: row.refused_id === null ? null : String(row.refused_id),
    problem: error && {
      code: error.code,
      say: { en: error.say('en'), zh: error.say('zh') },
      fix: { en: error.fix('en'), zh: error.fix('zh') },
    },
    fileDiffers: active !== null && row.started_at > active.at && row.file_hash !== active.hash,
  }
}
