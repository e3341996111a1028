/**
 * Configurations in the ledger: what was activated, by whom, from which to which. An activation is one
 * transaction; it tells every process (CONFIGURATION_CHANGED), and each takes it over by itself (runtime/follow.ts).
 */
import type { Database, Queryable } from './database.ts'
import { tell } from './journal.ts'
import type { Replan } from './replan.ts'

/** The channel on which an activation tells its id. */
export const CONFIGURATION_CHANGED = 'tributary_configuration'

/** Names the lock under which activations come one after another ("TRIC"). */
const LOCK = 0x54524943

/** `start`: by a process that found nothing that was applied; nobody else follows it. */
export type ActivationKind = 'start' | 'apply' | 'rollback'

/** Path below the project's folder → exact text. */
export type ConfigurationFiles = Record<string, string>

/** Which connectors (by id) and mappings (`shopify/order.in`) a configuration uses. */
export interface ConfigurationUses {
  /** Version of Tributary, for what is bundled. */
  tributary: string
  connectors: Record<string, Used>
  mappings: Record<string, Used>
}

/** `own`: a file of the project, not a bundled one. `version`: hash of its text and of what it extends. */
export interface Used {
  own: boolean
  version: string
}

export interface ActivationRow {
  id: number
  configuration_id: number
  hash: string
  from_id: number | null
  kind: ActivationKind
  who: string
  why: string | null
  at: Date
  uses: ConfigurationUses
  replan: Replan | null
}

export interface ConfigurationRow {
  id: number
  hash: string
  files: ConfigurationFiles
  created_at: Date
}

export interface NewActivation {
  /** One that is stored, or one to be stored. */
  configuration: number | { hash: string; files: ConfigurationFiles }
  kind: ActivationKind
  uses: ConfigurationUses
  replan: Replan | null
  who: string
  why: string | null
  /** The activation that it was decided against; null: none yet. Left out: whatever is active. */
  expected?: number | null
}

const SELECT = `select a.id, a.configuration_id, c.hash, a.from_id, a.kind, a.who, a.why, a.at, a.uses, a.replan
  from activation a join configuration c on c.id = a.configuration_id`

/** The newest activation; null before the first. */
export async function activeConfiguration(db: Queryable): Promise<ActivationRow | null> {
  const { rows } = await db.query<ActivationRow>(`${SELECT} order by a.id desc limit 1`)
  return rows[0] ?? null
}

/** The newest activation that every process is to follow; null before the first `apply`. */
export async function followedActivation(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ activation_id: number | null }>('select activation_id from installation')
  return rows[0]?.activation_id ?? null
}

/** The same, held until the transaction ends: until then nothing else can be activated. */
export async function holdActivation(tx: Queryable): Promise<number | null> {
  const { rows } = await tx.query<{ activation_id: number | null }>(
    'select activation_id from installation for share',
  )
  return rows[0]?.activation_id ?? null
}

export async function activationById(db: Queryable, id: number): Promise<ActivationRow | null> {
  const { rows } = await db.query<ActivationRow>(`${SELECT} where a.id = $1`, [id])
  return rows[0] ?? null
}

export async function configurationById(db: Queryable, id: number): Promise<ConfigurationRow | null> {
  const { rows } = await db.query<ConfigurationRow>('select * from configuration where id = $1', [id])
  return rows[0] ?? null
}

/** Newest first, below `before`. */
export async function activations(db: Queryable, before: number, limit: number): Promise<ActivationRow[]> {
  const { rows } = await db.query<ActivationRow>(`${SELECT} where a.id < $1 order by a.id desc limit $2`, [
    before,
    limit,
  ])
  return rows
}

/**
 * Activates. Null when the active one is not `expected` any more, or when `start` finds that something was applied. The
 * configuration that is active already is activated again only by `apply` and `rollback` (secrets that are written out
 * may have changed), never by `start`.
 */
export function activate(db: Database, wanted: NewActivation): Promise<ActivationRow | null> {
  return db.transaction(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(${LOCK})`)
    const active = await activeConfiguration(tx)
    if (wanted.expected !== undefined && (active?.id ?? null) !== wanted.expected) return null
    if (wanted.kind === 'start' && (await followedActivation(tx)) !== null) return null
    const configuration = await stored(tx, wanted.configuration)
    if (wanted.kind === 'start' && active?.configuration_id === configuration) return active
    const { rows } = await tx.query<{ id: number }>(
      `insert into activation (configuration_id, from_id, kind, who, why, uses, replan)
       values ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb) returning id`,
      [
        ...[configuration, active?.configuration_id ?? null, wanted.kind, wanted.who, wanted.why],
        ...[JSON.stringify(wanted.uses), wanted.replan && JSON.stringify(wanted.replan)],
      ],
    )
    const id = rows[0]!.id
    const { kind, who, why } = wanted
    const data = { activation: id, from: active?.configuration_id ?? null, to: configuration, kind, who, why }
    await tell(tx, [{ connection: '', subject: 'configuration', event: 'activated', data }])
    if (kind !== 'start') {
      await tx.query('update installation set activation_id = $1', [id])
      await tx.query('select pg_notify($1, $2)', [CONFIGURATION_CHANGED, String(id)])
    }
    return activationById(tx, id)
  })
}

async function stored(tx: Queryable, given: NewActivation['configuration']): Promise<number> {
  if (typeof given === 'number') return given
  const { rows } = await tx.query<{ id: number }>(
    `insert into configuration as c (hash, files) values ($1, $2::jsonb)
     on conflict (hash) do update set files = excluded.files returning id`,
    [given.hash, JSON.stringify(given.files)],
  )
  return rows[0]!.id
}
