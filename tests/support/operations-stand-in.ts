/**
 * `Operations` with a few fixed answers, for tests of what stands in front of them (HTTP, socket, CLI).
 * It notes every call. What the operations really do is tested over a real ledger.
 */
import { createHash } from 'node:crypto'
import { runtimeError } from '../../src/core/errors/runtime.ts'
import type {
  JournalEntry,
  Operations,
  OrderDetail,
  OrderSummary,
  ParkedItem,
  Pause,
  PushDetail,
  PushSummary,
  Stats,
  TokenSummary,
} from '../../src/runtime/operations.ts'

const AT = '2026-03-01T08:00:00.000Z'

export const ORDER: OrderSummary = {
  key: 'web/7000000000001',
  connection: 'web',
  externalId: '7000000000001',
  number: '#1001',
  entity: 'main',
  state: 'open',
  payment: 'paid',
  fulfillment: 'none',
  placedAt: AT,
  currency: 'KWD',
  total: 12345,
  progress: 'confirmed',
  updatedAt: AT,
}

export const PUSH: PushSummary = {
  id: '17',
  key: 'k0123456789abcdef',
  kind: 'order',
  connection: 'nc',
  flow: 'web-orders',
  mode: 'live',
  revision: 1,
  state: 'rejected',
  attempts: 2,
  dueAt: null,
  leaseUntil: null,
  orders: [ORDER.key],
  remoteId: null,
  remoteNumber: null,
  error: { code: 'NC_-31004', message: 'refused with its neighbours' },
  createdAt: AT,
  updatedAt: AT,
}

const JOURNAL: JournalEntry[] = [
  { at: AT, event: 'received', connection: 'web', push: null, detail: { origin: 'webhook' } },
  { at: AT, event: 'planned', connection: 'nc', push: '17', detail: { flow: 'web-orders' } },
  { at: AT, event: 'something-new', connection: 'nc', push: '17', detail: { count: 2 } },
]

const BODY = Buffer.from('<bill><receiver>Maria</receiver></bill>')

const PUSH_DETAIL: PushDetail = {
  ...PUSH,
  class: 'resend-safe',
  mappingVersion: 'abc',
  rendered: {
    contentType: 'application/xml',
    size: BODY.length,
    sha256: createHash('sha256').update(BODY).digest('hex'),
  },
  check: { number: '#1001', total: '12.345', lines: 2 },
  lines: [{ order: ORDER.key, line: '1', quantity: '2' }],
  journal: JOURNAL,
}

export const PARKED: ParkedItem = {
  id: '5',
  what: 'record',
  connection: 'web',
  stream: 'orders',
  externalId: '7000000000002',
  order: 'web/7000000000002',
  code: 'RECORD_NO_SKU',
  kind: 'input',
  message: { en: '1 line(s) have no SKU: 3', zh: '1 行没有 SKU：3' },
  fix: { en: 'Give the products a SKU.', zh: '请填写 SKU。' },
  attempts: 1,
  at: AT,
}

const PAUSE: Pause = {
  id: '1',
  scope: { connection: 'nc' },
  by: 'ann',
  why: 'stock-taking',
  at: AT,
  automatic: false,
}

const ORDER_DETAIL: OrderDetail = {
  ...ORDER,
  placed: { version: AT, versions: 1, receivedAt: AT },
  lines: [{ externalId: '1', sku: 'A-1', name: 'Tea', kind: 'goods', quantity: '2', amount: 12345, tax: 0 }],
  pushes: [PUSH],
  bindings: [{ connection: 'nc', kind: 'order', remoteId: null, remoteNumber: 'SO1', at: AT }],
  parked: [PARKED],
  tasks: [{ id: '1', kind: 'amend-needed', state: 'open', at: AT, detail: {} }],
  journal: JOURNAL,
}

const STATS: Stats = {
  at: AT,
  startedAt: AT,
  received: 7,
  normalized: 6,
  waiting: { inbox: 1, fetch: 0, planned: 2, sending: 0, unknown: 0, accepted: 0 },
  orders: 6,
  confirmed: 3,
  shadowed: 0,
  parked: 1,
  rate: 1.5,
  connections: [
    {
      connection: 'nc',
      paused: true,
      pushes: { planned: 2, confirmed: 3 },
      streams: [{ stream: 'orders', watermark: AT, lastReadAt: AT }],
      lastError: { at: AT, code: 'NC_-31004', message: 'refused' },
    },
  ],
}

const TOKEN: TokenSummary = {
  id: '1',
  name: 'board',
  scope: 'read',
  createdAt: AT,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
}

export interface StandIn {
  operations: Operations
  /** [method, parameters] in order; `verifyToken` and `stats` are left out. */
  calls: [string, unknown][]
}

/** Tokens: `reader` and `operator`. Unknown ids throw RUNTIME_UNKNOWN. */
export function standIn(): StandIn {
  const calls: [string, unknown][] = []
  const noted =
    <P, R>(method: string, answer: (p: P) => R) =>
    async (params: P): Promise<R> => {
      calls.push([method, params])
      return answer(params)
    }
  const known = (id: string, what: string) => {
    if (!['17', ORDER.key, ORDER.number, '5', 'board'].includes(id)) {
      throw runtimeError('RUNTIME_UNKNOWN', { what, id })
    }
  }
  const changed = { changed: ['17'], skipped: [{ id: '18', why: { en: 'is confirmed', zh: '已确认' } }] }
  const operations: Operations = {
    ordersList: noted('ordersList', () => ({ items: [ORDER], next: 'n1' })),
    orderShow: noted('orderShow', ({ ref }) => {
      known(ref, 'order')
      return ORDER_DETAIL
    }),
    find: noted('find', ({ term }) => (term === '1001' ? [{ by: 'number' as const, order: ORDER }] : [])),
    pushList: noted('pushList', () => ({ items: [PUSH], next: null })),
    pushShow: noted('pushShow', ({ id, body }) => {
      known(id, 'push')
      const rendered = PUSH_DETAIL.rendered!
      return body ? { ...PUSH_DETAIL, rendered: { ...rendered, body: BODY.toString('base64') } } : PUSH_DETAIL
    }),
    pushRetry: noted('pushRetry', () => changed),
    pushResolve: noted('pushResolve', ({ id }) => {
      known(id, 'push')
      return { ...PUSH, state: 'confirmed' as const }
    }),
    parkedList: noted('parkedList', ({ connection }) => ({
      items: connection === 'quiet' ? [] : [PARKED],
      next: null,
    })),
    parkedRetry: noted('parkedRetry', () => ({ changed: ['5'], skipped: [] })),
    parkedDiscard: noted('parkedDiscard', () => ({ changed: ['5'], skipped: [] })),
    replay: noted('replay', () => ({ records: 12 })),
    pause: noted('pause', () => PAUSE),
    resume: noted('resume', () => ({ resumed: [PAUSE] })),
    pauses: noted('pauses', () => [PAUSE]),
    doctor: noted('doctor', () => [
      { id: 'database', level: 'ok' as const, say: { en: 'answers', zh: '正常' }, fix: null },
      {
        id: 'parked',
        level: 'warn' as const,
        say: { en: '1 waits', zh: '1 条待处理' },
        fix: { en: 'look', zh: '查看' },
      },
    ]),
    stats: async () => STATS,
    tokenCreate: noted('tokenCreate', ({ name, scope }) => ({ ...TOKEN, name, scope, token: 'trb_secret' })),
    tokenList: noted('tokenList', () => [TOKEN]),
    tokenRevoke: noted('tokenRevoke', ({ id }) => {
      known(id, 'token')
      return { ...TOKEN, revokedAt: AT }
    }),
    verifyToken: async ({ token }) =>
      token === 'reader' || token === 'operator'
        ? { id: '1', name: 'board', scope: token === 'reader' ? 'read' : 'operate' }
        : null,
    backup: noted('backup', ({ to }) => ({ path: to, bytes: 1000, migration: '1' })),
  }
  return { operations, calls }
}
