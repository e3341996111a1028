import type { GraphPage, Hooks, RawRecord, Remote } from 'tributary/hooks'
import { fill, gid, goods, type Order, read, recordOf, tail } from './hooks-graph.ts'
import { CHANGED, complete, counted, LIST, ORDER, partsOf, second, walk, within } from './hooks-orders.ts'
import { bring, look } from './hooks-parcel.ts'
import { lookBack, payBack } from './hooks-refund.ts'
import { LEVELS, PRODUCTS, setLevels } from './hooks-stock.ts'
import { failedOf, parsed, proved } from './hooks-write.ts'

export default {
  write: {
    shipment: {
      // parcels of one order share what is open, and a lane holds one at a time
      write: async (items, tools, signal) =>
        Promise.all(items.map((item) => proved(bring({ tools, signal }, parsed(item)), tools))),
      find: (item, tools, signal) =>
        look({ tools, signal }, parsed(item))
          .then(({ ids, stale, open }) => {
            const state: Remote['state'] = stale.length + open.length > 0 ? 'draft' : 'final'
            return { hits: ids.length > 0 ? [{ id: ids.join(','), state }] : [] }
          })
          .catch((error) => ({ failed: failedOf(error, tools) })),
      advance: (item, _, tools, signal) => proved(bring({ tools, signal }, parsed(item)), tools),
    },
    stock: {
      write: (items, tools, signal) =>
        setLevels({ tools, signal }, items).catch((error) => items.map(() => failedOf(error, tools))),
    },
    refund: {
      write: (items, tools, signal) =>
        Promise.all(items.map((item) => proved(payBack({ tools, signal }, item), tools))),
      find: (item, tools, signal) =>
        lookBack({ tools, signal }, parsed(item))
          .then(({ hits }) => ({ hits }))
          .catch((error) => ({ failed: failedOf(error, tools) })),
    },
  },
  read: {
    order: {
      async page(request, tools, signal) {
        const { nodes, next } = await walk(request, { tools, signal }, LIST, 5)
        return { records: await complete({ tools, signal }, nodes), next }
      },
      async fetch(ids, tools, signal) {
        const all = ids.map((id) => `gid://shopify/Order/${id}`)
        const records: RawRecord[] = []
        for (let i = 0, size = tools.graphql.size(LIST) ?? 5; i < all.length; i += size) {
          const orders = await read({ tools, signal }, 'Order', all.slice(i, i + size), ORDER)
          records.push(...(await complete({ tools, signal }, orders)))
        }
        return records
      },
      count: (w, tools, signal) => counted({ tools, signal }, within(second(w.since, Math.floor), w.until)),
    },
    refund: {
      async page(request, tools, signal) {
        const { nodes, next } = await walk(
          request,
          { tools, signal },
          CHANGED('refunds(first: 100) { id }'),
          20,
        )
        const ids = nodes.flatMap((o) => o.refunds.map((r) => r.id))
        return { records: await partsOf({ tools, signal }, 'Refund', ids), next }
      },
      fetch: (ids, tools, signal) =>
        partsOf(
          { tools, signal },
          'Refund',
          ids.map((id) => gid('Refund', id)),
        ),
    },
    return: {
      async page(request, tools, signal) {
        if (tools.settings.returns !== true) return { records: [], next: null }
        const { nodes, next } = await walk(
          request,
          { tools, signal },
          CHANGED('returns(first: 20) { nodes { id } }'),
          20,
        )
        const ids = nodes.flatMap((o) => (o.returns as GraphPage).nodes.map((r) => String(r.id)))
        return { records: await partsOf({ tools, signal }, 'Return', ids), next }
      },
      fetch: (ids, tools, signal) =>
        partsOf(
          { tools, signal },
          'Return',
          ids.map((id) => gid('Return', id)),
        ),
    },
    product: {
      async page({ resume }, tools, signal) {
        const { nodes, next } = await goods({ tools, signal }, resume, PRODUCTS)
        return { records: nodes.map((n) => recordOf(tail(n.id), 'variant', n)), next }
      },
    },
    stock: {
      async page({ resume, until }, tools, signal) {
        const { nodes, next } = await goods({ tools, signal }, resume, LEVELS)
        const records: RawRecord[] = []
        for (const whole of nodes.filter((n) => n.tracked)) {
          await fill({ tools, signal }, whole, 'InventoryItem')
          const { inventoryLevels, ...item } = whole
          for (const level of (inventoryLevels as GraphPage).nodes) {
            const id = `${tail(whole.id)}@${tail((level.location as Order).id)}`
            records.push(recordOf(id, 'level', { id, at: until.toISOString(), item, level }))
          }
        }
        return { records, next }
      },
    },
  },
  async check(tools, signal) {
    const { shop, count, exact } = await counted({ tools, signal })
    const orders = `${exact ? '' : 'at least '}${count} orders`
    return { ok: true, say: `Shop "${shop.name}" (${shop.currencyCode}) holds ${orders}` }
  },
} satisfies Hooks
