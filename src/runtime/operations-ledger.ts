/**
 * `Operations` over the ledger: what a person may ask and do, each part in an `operations-<area>.ts` of its
 * own. It needs no running pipe: with a queue the lanes are woken at once, without one the sweeper of the
 * next start finds what is due.
 */
import { backupLedger } from '../ledger/backup.ts'
import { pause, pauses, resume } from '../ledger/pause.ts'
import { replayRecords } from '../ledger/replay.ts'
import type { Operations, Pause, PauseScope } from './operations.ts'
import { alertOperations } from './operations-alerts.ts'
import { backfillOperations } from './operations-backfills.ts'
import { codeOperations } from './operations-codes.ts'
import { completenessOperations } from './operations-completeness.ts'
import { configurationOperations } from './operations-configuration.ts'
import { type Desk, handOf, type LedgerAccess, makeDesk, type OperationsContext } from './operations-desk.ts'
import { doctor } from './operations-doctor.ts'
import { documentOperations } from './operations-documents.ts'
import { mappingDiffOperations } from './operations-mapping-diff.ts'
import { orderOperations } from './operations-orders.ts'
import { instant } from './operations-page.ts'
import { parkedOperations } from './operations-parked.ts'
import { pushOperations } from './operations-pushes.ts'
import { recordOperations } from './operations-records.ts'
import { statsOperation } from './operations-stats.ts'
import { tokenOperations } from './operations-tokens.ts'

/** The operations over an opened, migrated ledger. Nothing is started and nothing needs to be closed. */
export function ledgerOperations(access: LedgerAccess, context: OperationsContext): Operations {
  const desk = makeDesk(access, context)
  return {
    ...orderOperations(desk),
    ...pushOperations(desk),
    ...documentOperations(desk),
    ...parkedOperations(desk),
    ...recordOperations(desk),
    ...mappingDiffOperations(desk),
    ...tokenOperations(desk),
    ...codeOperations(desk),
    ...backfillOperations(desk),
    ...completenessOperations(desk),
    ...configurationOperations(desk),
    ...pauseOperations(desk),
    ...alertOperations(desk),
    doctor: () => doctor(desk),
    stats: statsOperation(desk),
    replay: (request) => replay(desk, request),
    async backup({ to }) {
      const { migration, ...made } = await backupLedger(desk.db, to)
      return { ...made, migration: String(migration) }
    },
  }
}

async function replay(
  desk: Desk,
  request: Parameters<Operations['replay']>[0],
): Promise<{ records: number }> {
  const { connection, stream, ids } = request
  const selection = {
    connection,
    ...(stream ? { stream } : {}),
    ...(ids ? { externalIds: ids } : {}),
    since: instant('since', request.since),
    until: instant('until', request.until),
  }
  const records = await replayRecords(desk.db, selection, handOf(request))
  if (records > 0) await desk.wake({ records: true })
  return { records }
}

function pauseOperations(desk: Desk): Pick<Operations, 'pause' | 'resume' | 'pauses'> {
  const all = async () => (await pauses(desk.db)).map(toPause)
  const at = (scope: PauseScope) => ({
    connection: scope.connection ?? '',
    flow: scope.flow ?? '',
    kind: scope.kind ?? '',
  })
  const same = (scope: PauseScope) => (p: Pause) => p.id === pauseId(at(scope))
  return {
    pauses: all,
    async pause({ by, why, ...scope }) {
      await pause(desk.db, { ...at(scope), who: by, why: why ?? '', automatic: false })
      return (await all()).find(same(scope))!
    },
    async resume({ by: _, why: __, ...scope }) {
      const found = (await all()).find(same(scope))
      if (!found || !(await resume(desk.db, at(scope)))) return { resumed: [] }
      const connections = scope.connection ? [scope.connection] : [...desk.connections.keys()]
      await desk.wake({ documents: true, deliver: connections, fetch: connections })
      return { resumed: [found] }
    },
  }
}

/** A pause is known by its scope. */
function pauseId(p: { connection: string; flow: string; kind: string }): string {
  return [p.connection, p.flow, p.kind].map((part) => part || '*').join(':')
}

function toPause(row: Awaited<ReturnType<typeof pauses>>[number]): Pause {
  const scope: PauseScope = {
    ...(row.connection ? { connection: row.connection } : {}),
    ...(row.flow ? { flow: row.flow } : {}),
    ...(row.kind ? { kind: row.kind as NonNullable<PauseScope['kind']> } : {}),
  }
  const { who: by, why, since, automatic } = row
  return { id: pauseId(row), scope, by, why: why || null, at: since.toISOString(), automatic }
}
