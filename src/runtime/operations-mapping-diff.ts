/** Operations that hand out stored records and pushes beside what came of them. Read-only; see the types' file. */
import { countPushes, storedPushes } from '../ledger/stored-push.ts'
import { countRecords, storedRecords } from '../ledger/stored-record.ts'
import type { Desk } from './operations-desk.ts'
import type { MappingDiffOperations } from './operations-mapping-diff-types.ts'
import { instant } from './operations-page.ts'

/** The operations behind `tributary mapping diff`. */
export function mappingDiffOperations({ db }: Pick<Desk, 'db'>): MappingDiffOperations {
  const since = (text: string | undefined) => instant('since', text) ?? null
  const base64 = <T extends { body: Buffer | null }>(item: T) => ({
    ...item,
    body: item.body?.toString('base64') ?? null,
  })
  return {
    async storedRecords({ targets, before = null, since: from }) {
      const page = await storedRecords(db, { targets, before, since: since(from) })
      return { ...page, items: page.items.map(base64) }
    },
    async storedPushes({ targets, before = null, since: from }) {
      const page = await storedPushes(db, { targets, before, since: since(from) })
      return { ...page, items: page.items.map(base64) }
    },
    async storedCount({ records, pushes, since: from }) {
      const counts = [
        records ? await countRecords(db, records, since(from)) : 0,
        pushes ? await countPushes(db, pushes, since(from)) : 0,
      ]
      return { count: counts[0]! + counts[1]! }
    },
  }
}
