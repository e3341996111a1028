/** `refundCreate`: lines, freight and money that go back, as far as the order still has them. */
import { ChangeRefused, childId, ID, refund } from './change.ts'
import type { ShopOrder, Transaction } from './order.ts'
import type { Store } from './store.ts'
import { partOf } from './view.ts'

export interface RefundInput {
  orderId: string
  note?: string | null
  refundLineItems?: { lineItemId: string; quantity: number; restockType?: string | null }[] | null
  shipping?: { amount?: string | null; fullRefund?: boolean | null } | null
  transactions?: { amount: string; gateway: string; kind: string; parentId?: string | null }[] | null
}

const numberOf = (id: string): number => Number(id.slice(id.lastIndexOf('/') + 1))
const refuse = (message: string) => ({
  refund: null,
  order: null,
  userErrors: [{ field: ['input'], message }],
})

/** Carries refunds out. A key repeats its first answer as long as the process lives. */
export function createRefunds(store: Store, commit: (order: ShopOrder) => void) {
  const answers = new Map<string, { input: string; id: number; order: number }>()

  function view(order: number, id: number): object {
    const held = store.order(order)!
    return { refund: partOf(held, 'Refund', id), order: null, userErrors: [] }
  }

  return {
    create(input: RefundInput, key: string): object {
      const known = answers.get(key)
      if (known && known.input !== JSON.stringify(input)) return refuse('other parameters under a used key')
      if (known) return view(known.order, known.id)
      const order = store.order(numberOf(input.orderId))
      if (!order) return refuse('Order does not exist')
      try {
        const changed = made(order, input)
        const id = changed.refunds.at(-1)!.id
        commit(changed)
        answers.set(key, { input: JSON.stringify(input), id, order: order.id })
        return view(order.id, id)
      } catch (error) {
        if (error instanceof ChangeRefused) return refuse(error.message)
        throw error
      }
    },
  }
}

/** The order with the refund. Money moves only by the transactions that are asked for. */
function made(order: ShopOrder, input: RefundInput): ShopOrder {
  const lines = (input.refundLineItems ?? []).map((l) => ({
    line: numberOf(l.lineItemId),
    quantity: l.quantity,
  }))
  const shipping = input.shipping?.fullRefund === true || Number(input.shipping?.amount ?? 0) > 0
  const asked = (input.transactions ?? []).map((t) => minor(order, t.amount))
  const amount = asked.reduce((n, a) => n + a, 0)
  const goods = lines.length > 0 || shipping
  const changed = refund(
    order,
    { lines, shipping, note: input.note ?? null, ...(goods ? {} : { amount }) },
    new Date(),
  )
  const record = changed.refunds.at(-1)!
  const kept = changed.transactions.filter((t) => t.refund !== record.id)
  return { ...changed, transactions: [...kept, ...paid(changed, input, record.id, asked)] }
}

function paid(order: ShopOrder, input: RefundInput, refundId: number, amounts: number[]): Transaction[] {
  return (input.transactions ?? []).map((t, i) => {
    const parent = order.transactions.find((p) => t.parentId && p.id === numberOf(t.parentId))
    if (!parent || parent.gateway !== t.gateway) throw new ChangeRefused('Parent transaction does not exist')
    const before = order.transactions.filter((p) => p.parent === parent.id && p.refund !== refundId)
    const left = parent.amount - before.reduce((n, p) => n + p.amount, 0)
    if (amounts[i]! > left) throw new ChangeRefused('Refund amount is more than what is refundable')
    const at = order.updatedAt
    const [kind, status] = ['REFUND', 'SUCCESS'] as const
    const id = childId(order, ID.transaction) + i
    return {
      id,
      kind,
      status,
      gateway: t.gateway,
      amount: amounts[i]!,
      at,
      parent: parent.id,
      refund: refundId,
    }
  })
}

function minor(order: ShopOrder, amount: string): number {
  const digits = order.currency === 'JPY' ? 0 : order.currency === 'KWD' ? 3 : 2
  const [whole = '0', fraction = ''] = amount.split('.')
  if (/[1-9]/.test(fraction.slice(digits))) throw new ChangeRefused('Amount is finer than the currency')
  return Number(whole + fraction.slice(0, digits).padEnd(digits, '0'))
}
