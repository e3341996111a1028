/** Webhook deliveries made ready before the clock starts: plain paid orders of five lines, all different. */
import { createHmac } from 'node:crypto'
import { generateOrder } from '../../src/sandbox/generate/order.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'

export const SECRET = 'bench-secret'

export interface Delivery {
  orderId: string
  headers: string
  body: Buffer
}

/** `from`: index of the first order, so that several rounds never repeat one. */
export function deliveries(count: number, from = 0): Delivery[] {
  const now = new Date()
  return Array.from({ length: count }, (_, i) => {
    const index = from + i
    const order = restOrder(generateOrder(11, index, now, false)) as Record<string, unknown>
    // what a plain shop sells: payments settled, five lines at most
    const body = Buffer.from(JSON.stringify(order))
    const signature = createHmac('sha256', SECRET).update(body).digest('base64')
    const headers =
      `content-type: application/json\r\nx-shopify-topic: orders/create\r\nx-shopify-hmac-sha256: ${signature}\r\n` +
      `x-shopify-webhook-id: bench-${index}\r\ncontent-length: ${body.length}\r\n`
    return { orderId: String(order.id), headers, body }
  })
}
