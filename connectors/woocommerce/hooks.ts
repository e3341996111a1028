import type { Hooks, Remote } from 'tributary/hooks'
import { articles, setLevels, withOrders } from './hooks-goods.ts'
import { bring, look, type Parcel } from './hooks-parcel.ts'
import { findRefund, payBack } from './hooks-refund.ts'
import { failedOf, parsed, proved } from './hooks-shop.ts'

export default {
  read: {
    refund: { refine: (records, _, tools, signal) => withOrders(records, { tools, signal }) },
    product: { refine: (records, _, tools, signal) => articles(records, { tools, signal }, null) },
    stock: {
      refine: (records, request, tools, signal) =>
        articles(records, { tools, signal }, request ? request.until.toISOString() : null),
    },
  },
  write: {
    shipment: {
      write: (items, tools, signal) =>
        Promise.all(items.map((item) => proved(bring({ tools, signal }, parsed(item)), tools))),
      find: (item, tools, signal) => {
        const { order, name, ...rest } = parsed<Parcel>(item)
        return look({ tools, signal }, { order, name, ...rest })
          .then(({ kept, told, open }) => {
            const state: Remote['state'] = told && !open ? 'final' : 'draft'
            return { hits: kept ? [{ id: `${order}${name}`, state }] : [] }
          })
          .catch((error) => ({ failed: failedOf(error, tools) }))
      },
      advance: (item, _, tools, signal) => proved(bring({ tools, signal }, parsed(item)), tools),
    },
    stock: { write: (items, tools, signal) => setLevels({ tools, signal }, items) },
    refund: {
      write: (items, tools, signal) =>
        Promise.all(items.map((item) => proved(payBack({ tools, signal }, parsed(item)), tools))),
      find: (item, tools, signal) =>
        findRefund({ tools, signal }, parsed(item))
          .then((hits) => ({ hits }))
          .catch((error) => ({ failed: failedOf(error, tools) })),
    },
  },
} satisfies Hooks
