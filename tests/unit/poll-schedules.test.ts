/** Which streams are read, by the flows that need them. */
import { describe, expect, it } from 'vitest'
import { DOCUMENT_KINDS, type DocumentKind } from '../../src/core/states.ts'
import type { Generation } from '../../src/runtime/generation.ts'
import { pollSchedules } from '../../src/runtime/wanted-streams.ts'

interface Given {
  back?: DocumentKind[]
  mode?: string
  /** `<connection>/<stream>` → what the configuration says. */
  poll?: Record<string, object>
}

/** A shop, an ERP and a warehouse, each with a stream of every kind; answers what is read. */
function read({ back = [], mode = 'live', poll = {} }: Given): string[] {
  const ids = ['shop', 'erp', 'wms']
  const streams = DOCUMENT_KINDS.map((document) => ({ name: document, document, every: '0 * * * * *' }))
  const connections = new Map(ids.map((id) => [id, { id, streams }]))
  const own = (id: string) =>
    Object.fromEntries(
      Object.entries(poll)
        .filter(([key]) => key.startsWith(`${id}/`))
        .map(([key, value]) => [key.slice(id.length + 1), value]),
    )
  const config = {
    connections: Object.fromEntries(ids.map((id) => [id, { poll: own(id) }])),
    flows: { main: { shops: ['shop'], erp: 'erp', mode, back } },
  }
  return pollSchedules({ config, connections } as unknown as Generation).map(
    (s) => `${s.connection}/${s.stream}`,
  )
}

const OF_SHOP = ['shop/order', 'shop/return', 'shop/refund', 'shop/cancellation']

describe('streams that are read', () => {
  it('a shop: orders and what it tells of them; an ERP: acknowledgements, and what the flow takes back', () => {
    expect(read({})).toEqual([...OF_SHOP, 'erp/acknowledgement'])
    expect(read({ back: ['shipment', 'stock'] })).toEqual([
      ...OF_SHOP,
      'erp/shipment',
      'erp/stock',
      'erp/acknowledgement',
    ])
    expect(read({ back: ['refund'] })).toContain('erp/refund')
  })

  it('others only where their connection says how often, or from which folder', () => {
    expect(read({ poll: { 'shop/product': { every: '0 0 * * * *' } } })).toEqual([
      ...OF_SHOP,
      'shop/product',
      'erp/acknowledgement',
    ])
    expect(read({ poll: { 'erp/stock': { drop: { folder: '/in', shape: null }, off: true } } })).toContain(
      'erp/stock',
    )
    expect(read({ poll: { 'shop/product': { lag: '1m' } } })).toEqual(read({}))
    // no flow names it: it is read for what it tells
    expect(read({ poll: { 'wms/stock': { every: '0 0 * * * *' } } })).toEqual([...read({}), 'wms/stock'])
    expect(read({ poll: { 'wms/order': { every: '0 0 * * * *' } } })).toEqual(read({}))
  })

  it('nothing that is switched off, and nothing of a flow that is', () => {
    expect(read({ poll: { 'shop/return': { off: true } } })).not.toContain('shop/return')
    expect(read({ mode: 'off', poll: { 'shop/product': { every: '0 0 * * * *' } } })).toEqual([])
  })
})
