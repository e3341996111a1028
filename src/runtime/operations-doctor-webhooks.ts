/** What `doctor` says of webhook subscriptions: what the running process found when it looked last. */
import { listAlerts } from '../ledger/alert.ts'
import type { Database } from '../ledger/database.ts'
import type { DoctorCheck } from './operations.ts'

/** One warning per connection whose subscriptions are gone or switched off; nothing where none is. */
export async function webhookChecks(db: Database): Promise<DoctorCheck[]> {
  const { rows } = await listAlerts(db, { all: false, kind: 'webhook' }, Number.MAX_SAFE_INTEGER, 100)
  return rows.map(({ connection, say, fix }) => ({
    id: `webhooks:${connection ?? ''}`,
    level: 'warn',
    say,
    fix,
  }))
}
