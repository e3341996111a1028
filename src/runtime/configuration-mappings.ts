/** What changed mappings would make of the newest of what is stored, in a few seconds. */
import type { Connection } from '../core/ports.ts'
import { createTally, reportOf } from '../mapping/diff-report.ts'
import { codeSnapshot } from './code-snapshot.ts'
import type { Config } from './config.ts'
import type { Difference } from './configuration-difference.ts'
import { openConnections } from './connections.ts'
import type { Log } from './log.ts'
import { compareMappings } from './mapping-diff.ts'
import { type MappingUse, mappingUses } from './mapping-uses.ts'
import type { Operations } from './operations.ts'
import type { Bilingual } from './operations-parts.ts'

/** Newest records or pushes that one mapping is tried on, and how long all of them may take. Milliseconds. */
const RECORDS = 500
const PATIENCE = 5_000

/** Adds to each changed mapping what it would make different. Throws what the operations throw. */
export async function mappingMeans(
  differences: Difference[],
  before: Config,
  after: Config,
  { operations, log }: { operations: Operations; log: Log },
): Promise<void> {
  const changed = differences.filter((d) => d.area === 'mapping')
  if (changed.length === 0) return
  const all = await mappingUses(after)
  const end = Date.now() + PATIENCE
  const codes = await codeSnapshot(after, operations)
  const opened: Map<string, Connection>[] = []
  const open = async (config: Config) => {
    const connections = await openConnections(config, log, { codes })
    opened.push(connections)
    const { zone, currency } = config.company
    return { connections, company: { zone, currency } }
  }
  try {
    const mappings = { changed: await open(after), inUse: await open(before) }
    for (const difference of changed) {
      const uses = all.filter((u) => `${u.connector}/${u.name}` === difference.id)
      for (const way of ['in', 'out'] as const) {
        const some = uses.filter((u) => u.target.way === way)
        if (some.length === 0) continue
        const tally = createTally({ values: false, documents: way === 'in' })
        const progress = () => Date.now() > end
        await compareMappings(some, mappings, tally, { records: RECORDS }, { operations, progress })
        difference.means.push(...meansOf(reportOf(tally), some))
      }
    }
  } finally {
    for (const connections of opened) for (const c of connections.values()) await c.close()
  }
}

function meansOf(report: ReturnType<typeof reportOf>, uses: MappingUse[]): Bilingual[] {
  const { rerun, differs, parks, comesThrough } = report
  if (rerun === 0) return []
  // what the mapping in use would make different just so is no doing of this change
  const own = Math.max(0, differs + parks - (report.already ?? 0))
  const incoming = uses[0]!.target.way === 'in'
  const out: Bilingual[] = [
    incoming
      ? {
          en: `of the newest ${rerun} stored records ${own} would come out differently, ${parks} of them parked`,
          zh: `最新 ${rerun} 条已保存记录中，${own} 条结果会不同，其中 ${parks} 条将被搁置`,
        }
      : {
          en: `of the newest ${rerun} documents ${own} would be written differently, ${parks} of them parked`,
          zh: `最新 ${rerun} 份单据中，${own} 份写出内容会不同，其中 ${parks} 份将被搁置`,
        },
  ]
  if (comesThrough > 0) {
    out.push({
      en: `${comesThrough} that are parked would come through: "tributary parked retry"`,
      zh: `${comesThrough} 条被搁置的将可通过："tributary parked retry"`,
    })
  }
  if (incoming && own > 0) {
    out.push({
      en: 'stored orders keep what they are until "tributary replay"',
      zh: '已保存的订单保持原样，直到执行 "tributary replay"',
    })
  }
  return out
}
