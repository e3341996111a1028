/**
 * What stands in front of the operations (HTTP, socket, CLI), tested against the real ones: over an embedded
 * ledger, with orders that need a person. Every call is noted on its way.
 */
import type { ChannelSettings } from '../../src/alerts/channel.ts'
import { turnAlerts } from '../../src/ledger/alert.ts'
import { mute } from '../../src/ledger/alert-mute.ts'
import { activate } from '../../src/ledger/configuration.ts'
import { park } from '../../src/ledger/parked.ts'
import type { Operations } from '../../src/runtime/operations.ts'
import { type CodeTables, type Desk, openDesk } from './desk.ts'
import { LEDGERS } from './ledgers.ts'

/** One order whose push was refused, and what is known of it. */
export interface Seeded {
  /** `<connection>/<externalId>` */
  order: string
  externalId: string
  number: string
  push: string
  /** Id of the untouched record of the order. */
  record: string
  /** Id of what is parked. */
  parked: string
  /** Name of a token that nobody uses. */
  token: string
  /** Ids of a backfill and of a check of completeness that wait. */
  backfill: string
  check: string
  /** Id of an open alert, `clock`, which is muted. */
  alert: string
  /** Id of the only activation. */
  activation: string
}

export interface Office {
  desk: Desk
  operations: Operations
  /** [method, parameters] in order; what others ask for beside is left out (`UNNOTED`). */
  calls: [string, unknown][]
  /** Secrets of an API token of each scope. */
  tokens: { reader: string; operator: string }
  /** Makes another order of its own, so that tests do not stand in each other's way. */
  seed(): Promise<Seeded>
  close(): Promise<void>
}

const UNNOTED = new Set(['verifyToken', 'stats', 'configurationState'])

/** A channel at whose address nobody listens. */
const NOBODY: Record<string, ChannelSettings> = { ops: { kind: 'wecom', url: 'http://127.0.0.1:1/?key=k' } }

const CLOCK = {
  cause: 'clock',
  kind: 'clock' as const,
  connection: null,
  level: 'red' as const,
  say: { en: 'clocks differ', zh: '时钟不一致' },
  fix: { en: 'NTP', zh: 'NTP' },
  detail: { seconds: 12 },
  opens: 0,
  closes: 0,
}

async function alarm({ db, ops }: Desk): Promise<string> {
  await turnAlerts(db, [CLOCK])
  await mute(db, { cause: 'clock', who: 'ann', why: '' }, 3600)
  return (await ops.alertList({})).items[0]!.id
}

/** Opens an embedded ledger and everything over it. */
export async function openOffice(
  codes: CodeTables = {},
  channels: Record<string, ChannelSettings> = NOBODY,
): Promise<Office> {
  const desk = await openDesk(LEDGERS[0]!, codes, channels)
  const calls: [string, unknown][] = []
  const token = async (name: string, scope: 'read' | 'operate') =>
    (await desk.ops.tokenCreate({ name, scope, by: 'ann' })).token
  let made = 0
  return {
    desk,
    operations: noted(desk.ops, calls),
    calls,
    tokens: { reader: await token('board', 'read'), operator: await token('desk', 'operate') },
    async seed() {
      made += 1
      const { order, push, key } = await desk.rejected()
      const name = `seeded-${made}`
      await token(name, 'read')
      const { items } = await desk.ops.parkedList({ limit: 1 })
      const { externalId, number } = order
      const record = await recordOf(desk, externalId)
      const web = { connection: 'web', by: 'ann' }
      const since = '2026-01-01T00:00:00Z'
      const { id: backfill } = await desk.ops.backfillStart({ ...web, stream: 'orders', since })
      const [check] = await desk.ops.completenessCheck(web)
      const history = { backfill, check: check!.id }
      const alert = await alarm(desk)
      const activation = await activationOf(desk)
      const seeded = { order: key, externalId, number, push: String(push), record, parked: items[0]!.id }
      return { ...seeded, ...history, alert, activation, token: name }
    },
    close: () => desk.ledger.close(),
  }
}

function noted(operations: Operations, calls: [string, unknown][]): Operations {
  const entries = Object.entries(operations).map(([method, run]: [string, (params: never) => unknown]) => [
    method,
    async (params: unknown) => {
      if (!UNNOTED.has(method)) calls.push([method, params])
      return run(params as never)
    },
  ])
  return Object.fromEntries(entries) as unknown as Operations
}

/** A process has started with a file. */
async function activationOf({ db }: Desk): Promise<string> {
  const configuration = { hash: 'h', files: { 'tributary.yaml': 'flows: {}' } }
  const uses = { tributary: '0.1.0', connectors: { acme: { own: true, version: 'c1' } }, mappings: {} }
  const made = await activate(db, { configuration, kind: 'start', uses, replan: null, who: 'ann', why: null })
  return String(made!.id)
}

async function recordOf(desk: Desk, externalId: string): Promise<string> {
  const { rows } = await desk.db.query<{ id: number }>(
    'select id from inbox where external_id = $1 limit 1',
    [externalId],
  )
  return String(rows[0]!.id)
}

/** Parks a record of this order that has a line without SKU. */
export async function parkRecord({ desk }: Office, { externalId }: Seeded): Promise<void> {
  await park(desk.db, [
    {
      what: 'record',
      ref: Number(await recordOf(desk, externalId)),
      connection: 'web',
      orderId: externalId,
      orderNumber: null,
      code: 'RECORD_NO_SKU',
      detail: { count: 1, lines: '3' },
    },
  ])
}
