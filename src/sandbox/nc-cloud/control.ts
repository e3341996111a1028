/** What tests and people may do to the sandbox NC Cloud under `/_sandbox/`: look, approve, ship, count stock. */
import { type Answer, answerControl, NO_ROUTE, pageOf, switchFaults } from '../control.ts'
import type { Faults } from '../faults.ts'
import type { NcCloudOptions } from './options.ts'
import { changeStock, type ShipRequest, saleOutView, ship } from './stock.ts'
import type { SaleOrder, Store } from './store.ts'
import type { AppKey } from './tokens.ts'

/** What has been asked for, and what was refused, by text. */
export interface Counters {
  tokens: number
  calls: number
  refused: Record<string, number>
}

export interface ControlParts {
  store: Store
  faults: Faults
  counters: Counters
  key: AppKey
  options: NcCloudOptions
}

/** Makes the control routes. */
export function createControl({ store, faults, counters, key, options }: ControlParts) {
  function approve(pk: string): Answer {
    const order = store.orders.get(pk)
    if (!order) return { status: 404, body: { error: 'no such order' } }
    const approved: SaleOrder = { ...order, status: 2, changed: Date.now() }
    store.put([approved], null)
    return { status: 200, body: billView(approved) }
  }

  function post(path: string, asked: unknown): Answer {
    if (path === '/_sandbox/faults') return switchFaults(faults, asked)
    if (path === '/_sandbox/saleouts') {
      return { status: 201, body: saleOutView(store, ship(store, asked as ShipRequest)) }
    }
    if (path === '/_sandbox/stock') {
      const quantity = changeStock(store, asked as Parameters<typeof changeStock>[1])
      return { status: 200, body: { quantity } }
    }
    if (path === '/_sandbox/tokens/expire') {
      store.expireToken()
      return { status: 200, body: { expired: true } }
    }
    const pk = /^\/_sandbox\/bills\/(\w{20})\/approve$/.exec(path)?.[1]
    return pk ? approve(pk) : NO_ROUTE
  }

  function get(url: URL): Answer {
    const of = <T>(all: Iterable<T>, view: (one: T) => unknown) => pageOf(url, [...all]).map(view)
    if (url.pathname === '/_sandbox/bills') {
      return { status: 200, body: of(store.orders.values(), billView) }
    }
    if (url.pathname === '/_sandbox/saleouts') {
      return { status: 200, body: of(store.saleOuts.values(), (s) => saleOutView(store, s)) }
    }
    if (url.pathname === '/_sandbox/app') return { status: 200, body: appView(key, options) }
    if (url.pathname === '/_sandbox/faults') return { status: 200, body: faults.current() }
    if (url.pathname === '/_sandbox/stats') return { status: 200, body: stats(store, faults, counters) }
    return NO_ROUTE
  }

  return {
    /** Answers one `/_sandbox/` request. Rejects only on a fault of the sandbox itself. */
    answer: (method: string, url: URL, body: Buffer) => answerControl({ get, post }, method, url, body),
  }
}

/** One sales order in the shape that the yonyou-nc sandbox lists its bills in; there is no id of the sender's. */
function billView({ pk, code, status, head, rows, received, updates }: SaleOrder): object {
  return { id: '', pk, billtype: '30', code, status, received, updates, head, rows }
}

/** What a client has to be configured with. */
function appView({ publicKey }: AppKey, options: NcCloudOptions): object {
  const {
    clientId,
    clientSecret,
    bizCenters,
    securityLevel = 'L0',
    salt = 'both',
    padding = 'oaep',
  } = options
  return { clientId, clientSecret, publicKey, bizCenters, securityLevel, salt, padding }
}

function stats(store: Store, faults: Faults, counters: Counters): object {
  return {
    ...counters,
    committed: store.orders.size,
    saleOuts: store.saleOuts.size,
    faults: faults.struck(),
  }
}
