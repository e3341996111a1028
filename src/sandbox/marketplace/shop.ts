/** A marketplace shop without its protocol: what both platforms open at start and work on. */
import { createFaults, type Faults } from '../faults.ts'
import { type Auth, createAuth, type Lifetimes } from './auth.ts'
import { note } from './change.ts'
import { GATEWAY_FAULTS, lagOf } from './gateway.ts'
import { type Change, type Message, openStore, type Store } from './store.ts'
import type { Trade } from './trade.ts'

/** What a shop is opened with. */
export interface ShopParts {
  log: string | undefined
  seed: number | undefined
  /** The token that counts from the start, until somebody authorises anew. */
  token: string
  life: Lifetimes
  /** The messages that a new version of a trade causes; `before` is undefined for a new trade. */
  messagesOf(before: Trade | undefined, after: Trade): Omit<Message, 'id' | 'at'>[]
}

/** An open shop. */
export interface Shop {
  store: Store
  faults: Faults
  auth: Auth
  /** Stores new versions, with the messages they cause. */
  commit(trades: Trade[], change: Change | null): void
  /** Trades last changed between two instants, oldest first, as the platform's index shows them just now. */
  changed(from: string, to: string): Trade[]
  /** Between two pages of a list: under the fault of that name one of its trades changes. */
  stir(list: readonly Trade[]): void
  close(): void
}

const MESSAGE_BASE = 310_000_000_000_000_000n

/** Opens a shop, with what its log holds. Throws when the log is damaged. */
export function openShop(parts: ShopParts): Shop {
  const store = openStore(parts.log)
  const faults = createFaults(GATEWAY_FAULTS, parts.seed)
  const auth = createAuth(parts.life, (state) => store.setAuth(state))
  auth.restore(store.auth() ?? { code: null, token: firstToken(parts) })

  function commit(trades: Trade[], change: Change | null): void {
    let sent = store.sent()
    const now = new Date()
    const puts = trades.map((trade) => {
      const caused = parts.messagesOf(store.trade(trade.id), trade)
      const messages = caused
        .filter(({ topic }) => wanted(store, topic) && !faults.hit('messageLost'))
        .flatMap((m) => (faults.hit('messageTwice') ? [m, m] : [m]))
        .map((m) => ({ id: String(MESSAGE_BASE + BigInt(sent++)), at: now.toISOString(), ...m }))
      return { trade, change, messages }
    })
    store.put(puts, now)
  }

  return {
    store,
    faults,
    auth,
    commit,
    changed: (from, to) => store.modified(from, to, lagOf(faults)),
    stir(list) {
      if (list.length === 0 || !faults.hit('changeBetweenPages')) return
      const trade = store.trade(faults.random().pick(list).id)!
      commit([note(trade, `改于 ${new Date().toISOString()}`, 3, new Date())], 'other')
    },
    close: () => store.close(),
  }
}

function firstToken({ token, life }: ShopParts) {
  const now = Date.now()
  return {
    access: token,
    refresh: `refresh-of-${token}`,
    accessUntil: now + life.access * 1000,
    refreshUntil: now + life.refresh * 1000,
  }
}

/** Messages go out only for what somebody asked for; asking without a list asks for all. */
function wanted(store: Store, topic: string): boolean {
  const topics = store.topics()
  return topics !== undefined && (topics === null || topics.includes(topic))
}
