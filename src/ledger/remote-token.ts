/** Tokens of outside systems, sealed; one process renews one at a time, and all others get what it got. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ledgerError } from '../core/errors/ledger.ts'
import type { Seal } from '../core/seal.ts'
import type { StoredToken, TokenStore } from '../core/token-store.ts'
import type { Database } from './database.ts'

/** Longest that one renewal may take; whoever died in it is followed after that. Seconds. */
const LEASE = 60

/** How often who waits looks whether another has renewed it. Milliseconds. */
const LOOK = 200

/** The store of a running Tributary. Throws LEDGER_TOKEN_BUSY when a renewal elsewhere does not end. */
export function createTokenTable(db: Database, seal: Seal): TokenStore {
  const read = async (connection: string): Promise<StoredToken | null> => {
    const { rows } = await db.query<{ sealed: Buffer | null }>(
      'select sealed from remote_token where connection = $1',
      [connection],
    )
    const sealed = rows[0]?.sealed
    // sealed with another key: as good as none, the settings' own tokens come first again
    const text = sealed ? seal.open(Buffer.from(sealed), connection) : null
    return text === null ? null : (JSON.parse(text) as StoredToken)
  }
  return {
    read,
    async renew(connection, refused, make) {
      const end = Date.now() + (LEASE + 5) * 1000
      for (;;) {
        const kept = await read(connection)
        if (kept && kept.token !== (refused ?? '')) return kept
        const renewed = await renewHere(db, seal, read, { connection, refused, make })
        if (renewed) return renewed
        if (Date.now() > end) throw ledgerError('LEDGER_TOKEN_BUSY', { connection })
        await sleep(LOOK)
      }
    },
  }
}

interface Renewal {
  connection: string
  refused: string | null
  make(old: StoredToken | null): Promise<StoredToken>
}

/** Null when another process is at it. The remote is asked outside any transaction. */
async function renewHere(
  db: Database,
  seal: Seal,
  read: (connection: string) => Promise<StoredToken | null>,
  { connection, refused, make }: Renewal,
): Promise<StoredToken | null> {
  const holder = randomUUID()
  if (!(await lease(db, connection, holder))) return null
  try {
    // another may have renewed it between our look and our lease
    const now = await read(connection)
    const token = now && now.token !== (refused ?? '') ? now : await make(now)
    await db.query(
      `update remote_token set sealed = $3, holder = null, lease_until = null,
              renewed_at = case when $4 then now() else renewed_at end
        where connection = $1 and (holder = $2 or lease_until < now() or lease_until is null)`,
      [connection, holder, seal.close(JSON.stringify(token), connection), token !== now],
    )
    return token
  } catch (error) {
    await db.query(
      'update remote_token set holder = null, lease_until = null where connection = $1 and holder = $2',
      [connection, holder],
    )
    throw error
  }
}

async function lease(db: Database, connection: string, holder: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into remote_token as t (connection, holder, lease_until)
     values ($1, $2, now() + make_interval(secs => $3))
     on conflict (connection) do update set holder = excluded.holder, lease_until = excluded.lease_until
      where t.lease_until is null or t.lease_until < now()`,
    [connection, holder, LEASE],
  )
  return rowCount > 0
}
