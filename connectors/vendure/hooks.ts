import type { Hooks } from 'tributary/hooks'
import { articles, setLevels, type Variant } from './hooks-goods.ts'
import { ask, failedOf, proved } from './hooks-graph.ts'
import { ORDERS, type Orders, placedSince, REACH, REFUNDED, readOrders, recordOf } from './hooks-orders.ts'
import { bring, look, move } from './hooks-parcel.ts'
import { lookBack, type Payment, payBack, refundsOf, wantedBack } from './hooks-refund.ts'

export default {
  read: {
    order: {
      async page({ since, until, resume }, tools, signal) {
        const { orders, next } = await placedSince({ tools, signal }, since, resume)
        return { records: orders.filter((o) => o.placed < until), next }
      },
      fetch: (ids, tools, signal) =>
        readOrders({ tools, signal }, { filter: { id: { in: ids } }, take: ids.length }),
      async count({ since: start, until: end }, tools, signal) {
        const filter = { active: { eq: false }, orderPlacedAt: { between: { start, end } } }
        const [first] = await readOrders({ tools, signal }, { filter, take: 1 })
        return { count: first?.total ?? 0, exact: false }
      },
    },
    refund: {
      async page({ since, resume }, tools, signal) {
        const start = new Date(since.getTime() - REACH)
        const { orders, next } = await placedSince({ tools, signal }, start, resume, REFUNDED)
        const records = orders.flatMap(({ body }) => {
          const { payments, ...order } = tools.json(body) as { payments: Payment[] }
          const of = ({ refunds, ...payment }: Payment) =>
            refunds.map((refund) => recordOf(refund.id, 'refund', { id: refund.id, refund, payment, order }))
          return payments.flatMap(of)
        })
        return { records, next }
      },
    },
    product: {
      async page({ resume }, tools, signal) {
        const { items, next } = await articles({ tools, signal }, resume)
        // what only stock moves is left out, or each sale would make a new product
        const still = ({ stockLevels: _, ...article }: Variant) => recordOf(article.id, 'article', article)
        return { records: items.map(still), next }
      },
    },
    stock: {
      async page({ until, resume }, tools, signal) {
        const { items, next } = await articles({ tools, signal }, resume)
        const at = until.toISOString()
        const counted = items.filter((v) => v.trackInventory !== 'FALSE')
        const of = ({ stockLevels, ...article }: Variant) =>
          stockLevels.map((level) => {
            const id = `${article.id}@${level.stockLocationId}`
            return recordOf(id, 'level', { id, at, level, article: { id: article.id, sku: article.sku } })
          })
        return { records: counted.flatMap(of), next }
      },
    },
  },
  write: {
    shipment: {
      write: (items, tools, signal) =>
        Promise.all(items.map((item) => proved(bring({ tools, signal }, item, 'Pending'), tools))),
      find: (item, tools, signal) =>
        look({ tools, signal }, item)
          .then(({ same }) => ({ hits: same }))
          .catch((error) => ({ failed: failedOf(error, tools) })),
      advance: (item, _, tools, signal) => proved(bring({ tools, signal }, item, 'Shipped'), tools),
      discard: (_, { id }, tools, signal) => proved(move({ tools, signal }, id, 'Cancelled'), tools),
    },
    stock: {
      write: (items, tools, signal) =>
        setLevels({ tools, signal }, items).catch((error) => items.map(() => failedOf(error, tools))),
    },
    refund: {
      write: (items, tools, signal) =>
        Promise.all(items.map((item) => proved(payBack({ tools, signal }, wantedBack(item)), tools))),
      find: (item, tools, signal) =>
        lookBack({ tools, signal }, wantedBack(item))
          .then((now) => ({ hits: refundsOf(now, wantedBack(item)) }))
          .catch((error) => ({ failed: failedOf(error, tools) })),
      advance: (item, _, tools, signal) => proved(payBack({ tools, signal }, wantedBack(item)), tools),
    },
  },
  async check(tools, signal) {
    const { globalSettings: g } = await ask<Orders>({ tools, signal }, ORDERS('id'), { options: { take: 1 } })
    return { ok: true, say: `Vendure answers; amounts have ${g.serverConfig.moneyStrategyPrecision} digits` }
  },
} satisfies Hooks
