/** Parcels as fulfilments. */
import type { Remote, WriteItem } from 'tributary/hooks'
import { ask, type Call, type Result, refused } from './hooks-graph.ts'

type Parcel = { trackingCode: string | null; lines: { orderLineId: string; quantity: number }[] }
/** What mappings/vendure/shipment.out.yaml makes; `parcel` is the end of the fulfilment's method. */
type Wanted = Parcel & { order: string; parcel: string; input: object }
type Parcels = { order: { fulfillments: (Parcel & Result & { method: string })[] } | null }
const PARCELS = `query($id: ID!) { order(id: $id) { fulfillments { id state method trackingCode lines { orderLineId quantity } } } }`
const RESULT = '{ __typename ... on Fulfillment { id state } ... on ErrorResult { errorCode message } }'
const ADD = `mutation($input: FulfillOrderInput!) { result: addFulfillmentToOrder(input: $input) ${RESULT} }`
const MOVE = `mutation($id: ID!, $state: String!) { result: transitionFulfillmentToState(id: $id, state: $state) ${RESULT} }`
const content = (p: Parcel) =>
  JSON.stringify([p.trackingCode ?? '', p.lines.map((l) => `${l.orderLineId} ${l.quantity}`).sort()])
/** What the shop holds of a parcel: `same` with the wanted content; `stale`: overtaken by a correction. */
export async function look(call: Call, item: WriteItem) {
  const wanted = JSON.parse(item.body.toString()) as Wanted
  const { order } = await ask<Parcels>(call, PARCELS, { id: wanted.order })
  if (!order) throw refused('ORDER_MISSING', 'the shop has no such order')
  const ours = order.fulfillments.filter((f) => f.state !== 'Cancelled' && f.method.endsWith(wanted.parcel))
  const same = (f: Parcel) => content(f) === content(wanted)
  return { wanted, same: ours.filter(same).map(remote), stale: ours.filter((f) => !same(f)).map(remote) }
}

export const remote = ({ id, state }: Result): Remote & { id: string } => {
  return { id, state: ['Created', 'Pending'].includes(state) ? 'draft' : 'final' }
}

export const move = async (call: Call, id: string | null, state: string): Promise<Remote> =>
  remote((await ask(call, MOVE, { id, state })).result)
/** Takes every step not done yet, up to `last`: cancels the overtaken (freeing their quantities), adds, ships. */
export async function bring(call: Call, item: WriteItem, last: 'Pending' | 'Shipped'): Promise<Remote> {
  const { wanted, same, stale } = await look(call, item)
  for (const { id } of stale) await move(call, id, 'Cancelled')
  const now = same[0] ?? remote((await ask(call, ADD, { input: wanted.input })).result)
  if (last === 'Pending' || now.state === 'final') return now
  return move(call, now.id, last)
}
