/**
 * Taking over an embedded ledger. Whoever owns the data folder owns it alone, so every lease in it belongs to
 * a process that is dead, and every job was meant for that process: work goes on at once instead of waiting
 * for leases and locks to run out.
 */
import type { Database } from './database.ts'

/** Called once, by the process that has just locked the folder and before it starts any work. */
export async function takeOver(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    // records and documents that were in hand go on one by one: one of them may have been the killer
    await tx.query(
      `update inbox set claimed_until = now() - interval '1 s' where state = 'new' and claimed_until > now()`,
    )
    await tx.query(
      `update document set claimed_until = now() - interval '1 s' where plan_state = 'due' and claimed_until > now()`,
    )
    await tx.query('update stream set lease_until = null, holder = null where lease_until is not null')
    for (const table of ['backfill', 'completeness'])
      await tx.query(`update ${table} set lease_until = null, holder = null where lease_until is not null`)
    await tx.query(
      'update schedule_tick set lease_until = now() where finished_at is null and lease_until > now()',
    )
    // its calls ended with the process, and so did its leases; what the remote made of them is unknown
    await tx.query(
      `update push set lease_until = now(), due_at = now() where state = 'sending' and lease_until > now()`,
    )
    await tx.query('delete from process')
    // the queue may be lost at any time; a job that a dead worker holds would block its lane. On Redis it is
    // not ours alone, and its locks run out by themselves.
    const { rows } = await tx.query<{ here: boolean }>(`select to_regclass('bullmq.job') is not null as here`)
    if (!rows[0]!.here) return
    for (const table of ['job', 'dedup', 'dedup_next', 'event']) await tx.query(`delete from bullmq.${table}`)
  })
}
