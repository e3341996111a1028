/** Parcels: kept in the meta data of their order, told in a note. */
import type { Remote } from 'tributary/hooks'
import { type At, ask, before, type Meta, type Order, refundedLine, refunds } from './hooks-shop.ts'

/** What mappings/woocommerce/*.out.yaml make. `name` (with brackets) is how a parcel or refund is known in the shop. */
export type Parcel = {
  order: string
  name: string
  number?: string
  meta: Meta
  note: object & { note: string }
}
const PARCEL = '_tributary_parcel_'
const pieces = (text: unknown): Map<string, number> => {
  const found = String(text)
    .split('|')[0]!
    .matchAll(/(\d+):([\d.]+)/g)
  return new Map([...found].map(([, line, n]) => [line!, Number(n)]))
}

/** Notes come back as the shop shows them. */
const plain = (html: string) =>
  html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&amp;', '&')
    .replaceAll('&#8211;', '-')
/** What of a parcel is in the shop: `told`: its note; `open`: all lines are in parcels, and the order is not completed. */
export async function look(at: At, { order: id, name, number, meta }: Parcel) {
  const order = await ask<Order>(at, 'GET', `/orders/${id}`)
  const notes = await ask<{ note: string }[]>(at, 'GET', `/orders/${id}/notes?per_page=100`)
  const kept = order.meta_data.some((m) => m.key === meta.key && m.value === meta.value)
  const told = notes.map((n) => plain(n.note)).some((n) => n.includes(name) && n.includes(number ?? ''))
  const parcels = [...order.meta_data.filter((m) => m.key.startsWith(PARCEL) && m.key !== meta.key), meta]
  const back = order.refunds.length > 0 ? await refunds(at, id) : []
  const gone = (line: number) =>
    parcels.reduce((n, p) => n + (pieces(p.value).get(String(line)) ?? 0), 0) +
    back
      .flatMap((r) => r.line_items.filter((l) => refundedLine(l) === String(line)))
      .reduce((n, l) => n - l.quantity, 0)
  const whole = order.line_items.every((l) => gone(l.id) >= l.quantity)
  const open =
    whole && at.tools.settings.completeOrder === true && ['processing', 'on-hold'].includes(order.status)
  return { kept, told, open }
}

/** Does what is not done yet: keeps the parcel in the order, tells of it, completes the order with its last parcel. */
export async function bring(at: At, wanted: Parcel): Promise<Remote> {
  const now = await before(look(at, wanted), at.tools)
  const path = `/orders/${wanted.order}`
  if (!now.kept) await ask(at, 'PUT', path, { meta_data: [wanted.meta] })
  if (!now.told) await ask(at, 'POST', `${path}/notes`, wanted.note)
  if (now.open) await ask(at, 'PUT', path, { status: 'completed' })
  return { id: `${wanted.order}${wanted.name}`, state: 'final' }
}
