/** What changed flows and connections do to what is in the ledger: which orders are planned again, what stays. */
import type { Config, FlowConfig } from './config.ts'
import type { Difference } from './configuration-difference.ts'
import type { Impact, ImpactQuery, OrderRange } from './operations-configuration-types.ts'
import type { Bilingual } from './operations-parts.ts'

/** A flow before and after; null: not there, or off. */
interface FlowChange {
  id: string
  was: FlowConfig | null
  is: FlowConfig | null
  ranges: OrderRange[]
}

export interface Effects {
  /** What is to be counted before it can be told. */
  query: ImpactQuery
  /** Orders to be planned again. */
  replan: OrderRange[]
  /** Adds what the counts mean to the differences. */
  tell(differences: Difference[], impact: Impact): void
}

/** `before` null: nothing was active, or it is not known what. */
export function effectsOf(before: Config | null, after: Config): Effects {
  const flows = before ? flowChanges(before.flows, after.flows) : []
  const counted = flows.filter((f) => f.ranges.length > 0)
  const removed = Object.keys(before?.connections ?? {}).filter((id) => !(id in after.connections))
  return {
    query: {
      flows: flows.map((f) => f.id),
      orders: counted.map(({ id, ranges }) => ({ flow: id, ranges })),
      connections: removed,
    },
    replan: counted.flatMap((f) => f.ranges),
    tell(differences, impact) {
      const add = (area: Difference['area'], id: string, means: Bilingual[]) =>
        differences.find((d) => d.area === area && d.id === id)?.means.push(...means)
      flows.forEach((flow, i) => {
        add('flow', flow.id, [...modeMeans(flow, impact.flows[i]!), ...targetMeans(flow)])
      })
      counted.forEach((flow, i) => {
        add('flow', flow.id, rangeMeans(flow, impact.orders[i]!))
      })
      removed.forEach((id, i) => {
        add('connection', id, removedMeans(impact.connections[i]!))
      })
      for (const [id, old] of renamed(before?.connections ?? {}, after.connections)) {
        add('connection', id, [renamedMeans(old)])
      }
    },
  }
}

const working = (flow: FlowConfig | undefined): FlowConfig | null =>
  flow === undefined || flow.mode === 'off' ? null : flow

function flowChanges(before: Config['flows'], after: Config['flows']): FlowChange[] {
  const ids = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return ids.flatMap((id): FlowChange[] => {
    const [was, is] = [working(before[id]), working(after[id])]
    if (!was && !is) return []
    return [{ id, was, is, ranges: is ? rangesOf(was, is) : [] }]
  })
}

/** Orders of shops that the flow has not had are planned from `from` on; where `from` moves, those in between. */
function rangesOf(was: FlowConfig | null, is: FlowConfig): OrderRange[] {
  return is.shops.flatMap((connection): OrderRange[] => {
    if (!was?.shops.includes(connection)) return [{ connection, since: is.from.toISOString(), until: null }]
    if (was.from.getTime() === is.from.getTime()) return []
    const [since, until] = [was.from.toISOString(), is.from.toISOString()].sort()
    return [{ connection, since: since!, until: until! }]
  })
}

const atLeast = (n: number, complete: boolean) => `${complete ? '' : '≥ '}${n}`

function modeMeans(
  { was, is }: FlowChange,
  { shadowed, planned, complete }: Impact['flows'][number],
): Bilingual[] {
  const still = atLeast(planned, complete)
  const hold: Bilingual = {
    en: `${still} documents that are planned are still sent; "tributary pause" holds them`,
    zh: `已计划的 ${still} 份单据仍会发送；可用 "tributary pause" 暂停`,
  }
  if (was && !is) return planned > 0 ? [OVER, hold] : [OVER]
  if (was?.mode === 'live' && is?.mode === 'shadow') return planned > 0 ? [NOT_SENT, hold] : [NOT_SENT]
  if (was?.mode !== 'live' && is?.mode === 'live') {
    const kept = atLeast(shadowed, complete)
    const stay = { en: `${kept} shadowed documents stay shadowed`, zh: `${kept} 份影子单据保持影子状态` }
    return shadowed > 0 ? [SENT, stay] : [SENT]
  }
  return []
}

const OVER: Bilingual = { en: 'no more orders are planned in it', zh: '不再规划新订单' }
const SENT: Bilingual = { en: 'what is planned from then on is really sent', zh: '此后规划的单据将真正发送' }
const NOT_SENT: Bilingual = { en: 'what is planned from then on is not sent', zh: '此后规划的单据不再发送' }

function rangeMeans({ was, is }: FlowChange, counts: Impact['orders'][number]): Bilingual[] {
  const later = was && is && is.from > was.from
  const fresh = atLeast(counts.fresh, counts.complete)
  const unsent = atLeast(counts.unsent, counts.complete)
  const out: Bilingual[] = []
  if (later && counts.unsent > 0) {
    out.push({
      en: `${unsent} orders become history and are withdrawn before they are sent; what was sent stays`,
      zh: `${unsent} 张订单变为历史，发送前撤回；已发送的保持不变`,
    })
  }
  const taken = is!.shops.some((shop) => !was?.shops.includes(shop)) || (was && is!.from < was.from)
  if (taken && counts.fresh > 0) {
    const what =
      is!.mode === 'live' ? { en: 'sent', zh: '发送' } : { en: 'kept in shadow', zh: '以影子方式保存' }
    out.push({
      en: `${fresh} orders that are in the ledger are planned again and ${what.en}`,
      zh: `账本中的 ${fresh} 张订单将重新规划并${what.zh}`,
    })
  }
  return out
}

function targetMeans({ was, is }: FlowChange): Bilingual[] {
  if (!was || !is || was.erp === is.erp) return []
  return [
    {
      en: `what was pushed into ${was.erp} stays there and is not pushed into ${is.erp}`,
      zh: `已推送到 ${was.erp} 的单据保持不变，不会再推送到 ${is.erp}`,
    },
  ]
}

/** Connections that look like one that goes away, under another id: new → old. */
function renamed(before: Config['connections'], after: Config['connections']): Map<string, string> {
  const sameAs = (id: string) => {
    const { use, settings } = after[id]!
    const text = JSON.stringify([use, settings])
    return Object.values(before).find((c) => !(c.id in after) && JSON.stringify([c.use, c.settings]) === text)
  }
  const added = Object.keys(after).filter((id) => !(id in before))
  return new Map(added.flatMap((id): [string, string][] => (sameAs(id) ? [[id, sameAs(id)!.id]] : [])))
}

function renamedMeans(old: string): Bilingual {
  return {
    en: `BEWARE: this is ${old} under another id: to the ledger its orders are other orders, pushed again. Keep the id`,
    zh: `注意：这是改了名的 ${old}：账本会把它的订单视为另外的订单，再次推送。请保留原来的 id`,
  }
}

function removedMeans({ pushes, records }: Impact['connections'][number]): Bilingual[] {
  const out: Bilingual[] = []
  if (pushes > 0) {
    out.push({
      en: `${pushes} documents wait to be written there and will wait until it is back`,
      zh: `${pushes} 份待写入的单据将一直等待，直到恢复该连接`,
    })
  }
  if (records > 0) {
    out.push({
      en: `${records} of its records that are not mapped yet will be parked`,
      zh: `${records} 条尚未映射的记录将被搁置`,
    })
  }
  return out
}
