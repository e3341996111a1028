/** Which streams a configuration wants read, polled and checked, and when. */
import { CHECKED_AT, type CheckSchedule } from '../pipeline/completeness-schedule.ts'
import type { PollSchedule } from '../pipeline/schedule.ts'
import type { Generation } from './generation.ts'

type Wanting = Pick<Generation, 'config' | 'connections'>

export interface WantedStream extends PollSchedule {
  /** Read by schedule. */
  polled: boolean
}

/** What a shop tells of an order beside the order itself: read from the shops of every flow that is on. */
const FROM_SHOPS: ReadonlySet<string> = new Set(['order', 'return', 'refund', 'cancellation'])

/**
 * Streams that some flow needs, with the schedule nearest to the user: flow, connection, connector. A stream
 * that no flow needs (a shop's products, all of a warehouse that no flow names) is read where its connection gives it a
 * schedule or a folder of its own, unless the connection belongs to flows that are off.
 */
export function wantedStreams({ config, connections }: Wanting): WantedStream[] {
  const wanted: WantedStream[] = []
  const flows = Object.values(config.flows)
  const active = flows.filter((f) => f.mode !== 'off')
  for (const connection of connections.values()) {
    const asShop = active.filter((f) => f.shops.includes(connection.id))
    const asErp = active.filter((f) => f.erp === connection.id)
    const isOff =
      asShop.length + asErp.length === 0 &&
      flows.some((f) => f.erp === connection.id || f.shops.includes(connection.id))
    for (const stream of connection.streams) {
      const own = config.connections[connection.id]?.poll[stream.name]
      const needed =
        (FROM_SHOPS.has(stream.document) && asShop.length > 0) ||
        (stream.document !== 'order' &&
          (asErp.some((f) => stream.document === 'acknowledgement' || f.back.includes(stream.document)) ||
            (!isOff && (own?.every || own?.drop))))
      if (!needed) continue
      const flow = stream.document === 'order' ? asShop.find((f) => f.every)?.every : null
      wanted.push({
        connection: connection.id,
        stream: stream.name,
        polled: !own?.off || own.drop !== undefined,
        every: flow ?? own?.every ?? stream.every,
      })
    }
  }
  return wanted
}

/** Those that are read by schedule. */
export function pollSchedules(of: Wanting): PollSchedule[] {
  return wantedStreams(of)
    .filter((s) => s.polled)
    .map(({ connection, stream, every }) => ({ connection, stream, every }))
}

/** Of the streams that are polled, those whose source lists what it has. */
export function checkSchedules(of: Wanting): CheckSchedule[] {
  return pollSchedules(of).flatMap(({ connection, stream }) => {
    const own = of.config.connections[connection]?.poll[stream]
    const listed = !of.connections.get(connection)?.streams.find((s) => s.name === stream)?.unlisted
    const every = own?.completeness === undefined ? CHECKED_AT : own.completeness
    return listed && !own?.off && every !== null ? [{ connection, stream, every }] : []
  })
}
