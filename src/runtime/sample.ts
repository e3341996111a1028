/** One marked document, to see with one's own eyes that an ERP takes what we write. */
import { createHash, randomUUID } from 'node:crypto'
import type { Order } from '../core/documents/order.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import { currencyDigits, fromMinor } from '../core/money.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Connection, WriteItem, WriteOperation } from '../core/ports.ts'

export interface SampleOptions {
  currency: string
  /** A material that the ERP knows. */
  sku: string
  now?: Date
}

export interface SampleResult {
  connection: string
  number: string
  key: string
  outcome: Outcome
}

/**
 * Writes one order of one piece at one unit of the currency, marked in number and remark, through the same
 * mapping and steps as any other; a draft is brought to its last step. It is not in the ledger: whoever asked
 * for it deletes it in the ERP. Throws RUNTIME_UNKNOWN for a connection that takes no orders, and what the
 * mapping throws.
 */
export async function writeSample(connection: Connection, options: SampleOptions): Promise<SampleResult> {
  const operation = connection.writes.find((w) => w.kind === 'order')
  if (!operation) throw runtimeError('RUNTIME_UNKNOWN', { what: 'order write of', id: connection.id })
  const now = options.now ?? new Date()
  const key = createHash('sha256')
    .update(`sample ${now.toISOString()} ${randomUUID()}`)
    .digest('hex')
    .slice(0, 32)
  const order = sampleOrder(connection, options, now)
  const rendered = await operation.render(order, { key, revision: 1, previous: null })
  const item: WriteItem = { key, kind: 'order', revision: 1, body: rendered.body, check: rendered.check }
  const [outcome] = await operation.write([item], AbortSignal.timeout(operation.timeout))
  return {
    connection: connection.id,
    number: order.number,
    key,
    outcome: await finish(operation, item, outcome!),
  }
}

async function finish(operation: WriteOperation, item: WriteItem, outcome: Outcome): Promise<Outcome> {
  if (outcome.kind !== 'done' || outcome.remote.state === 'final' || !operation.advance) return outcome
  return operation.advance(item, outcome.remote, AbortSignal.timeout(operation.timeout))
}

function sampleOrder(connection: Connection, { currency, sku }: SampleOptions, now: Date): Order {
  const stamp = now.toISOString()
  const amount = 10 ** currencyDigits(currency)
  return {
    connection: connection.id,
    entity: connection.entity,
    externalId: `sample-${now.getTime()}`,
    version: stamp,
    number: `SAMPLE-${now.getTime()}`,
    state: 'open',
    payment: 'paid',
    fulfillment: 'none',
    placedAt: stamp,
    paidAt: stamp,
    currency,
    taxIncluded: true,
    buyer: { name: 'Tributary sample' },
    shipTo: null,
    lines: [
      {
        externalId: '1',
        sku,
        name: 'Tributary sample, to be deleted',
        kind: 'goods',
        quantity: '1',
        unitPrice: fromMinor(amount, currency),
        goods: amount,
        discount: 0,
        tax: 0,
      },
    ],
    shipping: { amount: 0, discount: 0, tax: 0 },
    charges: [],
    payments: [],
    totals: { total: amount },
    remarks: { buyer: 'Tributary sample, to be deleted' },
  }
}
