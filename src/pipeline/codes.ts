/** Code tables that change while everything runs: nothing stays parked for a code that is there. */
import { TributaryError } from '../core/errors/error.ts'
import { codesAreFresh, redriveMapped } from '../ledger/code-waiting.ts'
import { NORMALIZE, type Pipe, PLAN, wakeDelivery } from './pipe.ts'

/**
 * Runs a mapping. Where a code is missing, the tables are read on first: another process may have imported it and
 * set going what waited before this one heard of it. Without `codes` the mapping runs once. Throws what it throws.
 */
export async function withNewestCodes<T>(
  codes: Pipe['codes'] | undefined,
  map: () => Promise<T>,
): Promise<T> {
  if (!codes) return map()
  const before = codes.revision
  try {
    return await map()
  } catch (error) {
    if (!(error instanceof TributaryError) || error.code !== 'MAPPING_CODE_MISSING') throw error
    // a database that is away fails the write that follows, which is no fault of the record
    const newest = await codes.refresh().catch(() => before)
    if (newest === before) throw error
    return map()
  }
}

/**
 * Sets going what waits for codes that are there: after an import whose process died, after a restart, and what was
 * parked at the very moment of an import. `always`: also when no import is young.
 */
export async function redriveCodes(pipe: Pipe, always: boolean): Promise<void> {
  if (!always && !(await codesAreFresh(pipe.db))) return
  const rules = (connection: string, kind: string) =>
    pipe.connections.get(connection)?.writes.find((w) => w.kind === kind)
  const hand = { by: 'tributary', why: 'the code is there' }
  for (let after: number | null = 0; after !== null; ) {
    const done: Awaited<ReturnType<typeof redriveMapped>> = await redriveMapped(
      pipe.db,
      [...pipe.codes.stated],
      after,
      hand,
      rules,
    )
    after = done.next
    if (done.records > 0) await pipe.queue.wake(NORMALIZE, '0')
    if (done.documents > 0) await pipe.queue.wake(PLAN, '0')
    for (const connection of done.wake) await wakeDelivery(pipe, connection)
  }
}
