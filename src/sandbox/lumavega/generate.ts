/** Orders of the marketplace from a seed: the same seed and number give the same order, but for the clock. */
import { apportion, compareDecimal } from '../../core/money.ts'
import { type Article, CATALOGUE, UNKNOWN_SKUS } from '../generate/catalogue.ts'
import { type Random, random } from '../generate/random.ts'
import { instant } from './clock.ts'
import {
  cancel,
  type Edit,
  edit,
  goodsOf,
  type Line,
  linesOf,
  type Order,
  type Package,
  pay,
  type Recipient,
  refund,
} from './order.ts'
import { BASE } from './store.ts'

/** One sequence per order, whatever was drawn for the others. */
const diceOf = (seed: number, index: number): Random =>
  random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))

const PEOPLE: Recipient[] = [
  person(
    'Camila Ñanco',
    'CL-RM',
    'Metropolitana',
    'Ñuñoa',
    'Av. Irarrázaval',
    '2401',
    'depto. 52',
    '7750000',
  ),
  person('José Miguel O’Ryan', 'CL-VS', 'Valparaíso', 'Viña del Mar', 'Álvarez', '646', null, '2520000'),
  person(
    'Inés “Nena” Peñaloza',
    'CL-BI',
    'Biobío',
    'Concepción',
    'Paicaví',
    's/n',
    'casa <azul> & reja',
    null,
  ),
  person('Rayén Huenchumán', 'CL-AR', 'La Araucanía', 'Temuco', 'Gral. Mackenna', '88', 'local 3', '4780000'),
  person('王 小明', 'CL-TA', 'Tarapacá', 'Iquique', 'Zofri, módulo 2', '14', null, '1100000'),
]
/** Names and places that older encodings cannot hold. */
const RARE: Recipient[] = [
  person('𠮷田 🐉', 'CL-MA', 'Magallanes', 'Punta Arenas', 'Av. Colón', '1', 'frente al mar 🌊', '6200000'),
  person(
    'Ximena 👩‍👧',
    'CL-AP',
    'Arica y Parinacota',
    'Arica',
    '21 de Mayo',
    '999',
    '☕ 2.º piso',
    '1000000',
  ),
]
const NOTES = [null, null, null, 'Dejar en conserjería', 'Sin timbre, por favor 🙏\nGracias', 'ñ'.repeat(300)]
const WAREHOUSES = ['SCL-1', 'CCP-2', 'ANF-3']

function person(
  name: string,
  regionCode: string,
  region: string,
  commune: string,
  street: string,
  number: string,
  extra: string | null,
  postcode: string | null,
): Recipient {
  return {
    name,
    rut: null,
    phone: '+56 9 0000 0001',
    regionCode,
    region,
    commune,
    street,
    number,
    extra,
    postcode,
  }
}

/**
 * Order number `index` (from 0). `hard`: with what hurts elsewhere (rare names, missing and unknown articles, unpaid,
 * cancelled and refunded ones, many lines).
 */
export function generateOrder(seed: number, index: number, now: Date, hard: boolean): Order {
  const dice = diceOf(seed, index)
  const placed = newOrder(dice, index, now, hard)
  if (hard && dice.chance(0.08)) return placed
  const paid = { ...pay(placed, now), revision: 1 }
  if (!hard) return paid
  if (dice.chance(0.05)) return cancel(paid, now)
  const line = dice.pick(linesOf(paid))
  if (!dice.chance(0.08)) return paid
  return refund(
    paid,
    { line: line.id, quantity: compareDecimal(line.quantity, '1') > 0 ? '1' : line.quantity },
    now,
  )
}

function newOrder(dice: Random, index: number, now: Date, hard: boolean): Order {
  const at = instant(now)
  const recipient = hard && dice.chance(0.2) ? dice.pick(RARE) : dice.pick(PEOPLE)
  const factura = dice.chance(0.2)
  return {
    id: String(BASE.order + BigInt(index + 1)),
    no: `LV-${String(index + 1).padStart(6, '0')}`,
    revision: 1,
    createdAt: at,
    paidAt: null,
    modifiedAt: at,
    shipBefore: null,
    deliveredAt: null,
    cancelledAt: null,
    cancelReason: null,
    buyer: { id: `b-${(index % 400).toString(16).padStart(6, '0')}`, nick: `cliente_${index % 400}` },
    recipient: factura ? { ...recipient, rut: '76.000.000-0' } : recipient,
    buyerNote: dice.pick(NOTES),
    sellerNote: null,
    flag: 0,
    invoice: factura
      ? { kind: 'FACTURA', name: 'Tés del Sur SpA', rut: '76.000.000-0', activity: 'Comercio al por menor' }
      : { kind: 'BOLETA', name: null, rut: null, activity: null },
    packages: discounted(dice, packagesOf(dice, index, hard)),
    payments: [],
  }
}

function packagesOf(dice: Random, index: number, hard: boolean): Package[] {
  const count = dice.chance(0.3) ? dice.whole(2, 3) : 1
  let line = 0
  return Array.from({ length: count }, (_, n) => {
    const lines = hard && dice.chance(0.02) ? 60 : dice.whole(1, 4)
    return {
      id: String(BASE.package + BigInt(index + 1) * 10n + BigInt(n)),
      warehouse: WAREHOUSES[n]!,
      delivery: dice.chance(0.15) ? ('PICKUP' as const) : ('HOME' as const),
      freight: dice.chance(0.6) ? dice.whole(19, 59) * 100 - 10 : 0,
      freightDiscount: 0,
      freightRefunded: 0,
      lines: Array.from({ length: lines }, () => newLine(dice, index, line++, hard)),
    }
  })
}

function newLine(dice: Random, index: number, n: number, hard: boolean): Line {
  const article = dice.pick(CATALOGUE)
  const [unitPrice, quantity] = priceOf(dice, article)
  const goods = goodsOf(unitPrice, quantity)
  const missing = hard && dice.chance(0.01)
  const sku = hard && dice.chance(0.02) ? dice.pick(UNKNOWN_SKUS) : article.sku
  return {
    id: String(BASE.line + BigInt(index + 1) * 200n + BigInt(n)),
    item: String(7000000000000000000n + BigInt(CATALOGUE.indexOf(article) + 1)),
    sku: missing ? null : sku,
    title: article.name,
    spec: article.option,
    unitPrice,
    quantity,
    goods,
    sellerDiscount: article.gift ? goods : 0,
    platformDiscount: 0,
    gift: article.gift === true,
    shipped: '0',
    refunded: '0',
    refundedAmount: 0,
  }
}

/** Pesos for one unit, IVA included; bulk goods are sold by weight at a price per gram. */
function priceOf(dice: Random, article: Article): [unitPrice: string, quantity: string] {
  if (article.bulk)
    return [`${dice.whole(1, 19)}.${dice.whole(1000, 9999)}`, `${dice.whole(100, 4999)}.${dice.whole(1, 9)}`]
  if (dice.chance(0.1)) return [String(article.price * 130 + 90), `0.${dice.whole(125, 975)}`]
  return [
    String(article.price * 130 + 90),
    String(dice.chance(0.05) ? dice.whole(10, 120) : dice.whole(1, 3)),
  ]
}

/** A seller's coupon and what the marketplace adds, spread over the lines; some freight is free. */
function discounted(dice: Random, packages: Package[]): Package[] {
  const lines = packages.flatMap((p) => p.lines)
  const base = (l: Line) => l.goods - l.sellerDiscount - l.platformDiscount
  const spread = (field: 'sellerDiscount' | 'platformDiscount', part: number) => {
    const whole = lines.reduce((n, l) => n + base(l), 0)
    const amount = Math.floor(whole * part)
    if (amount === 0) return
    const shares = apportion(
      amount,
      lines.map((l) => String(base(l))),
    )
    for (const [i, l] of lines.entries()) l[field] += shares[i]!
  }
  if (dice.chance(0.3)) spread('sellerDiscount', dice.whole(3, 25) / 100)
  if (dice.chance(0.3)) spread('platformDiscount', dice.whole(2, 15) / 100)
  return packages.map((p) => (dice.chance(0.2) ? { ...p, freightDiscount: p.freight } : p))
}

export type LaterChange = 'paid' | 'cancelled' | 'refunded' | 'edited'

/** What shall happen to an order later; null: nothing. `delay`: part (0..1) of the time that changes may take. */
export function laterChange(
  seed: number,
  index: number,
  order: Order,
): { kind: LaterChange; delay: number } | null {
  const dice = diceOf(seed ^ 0xc4a6, index)
  if (order.cancelledAt) return null
  if (!order.paidAt) return dice.chance(0.6) ? { kind: 'paid', delay: dice.next() } : null
  if (!dice.chance(0.25)) return null
  return { kind: dice.pick(['edited', 'edited', 'cancelled', 'refunded'] as const), delay: dice.next() }
}

/** Carries a later change out. Throws ChangeRefused when the order no longer allows it. */
export function applyLater(order: Order, kind: LaterChange, seed: number, now: Date): Order {
  const dice = diceOf(seed ^ 0xe417, Number(BigInt(order.id) - BASE.order))
  if (kind === 'paid') return pay(order, now)
  if (kind === 'cancelled') return cancel(order, now)
  if (kind === 'refunded') {
    const line = dice.pick(linesOf(order))
    return refund(order, { line: line.id, quantity: line.quantity }, now)
  }
  const asked: Edit = dice.chance(0.5)
    ? { sellerNote: 'Llamar antes 📞', flag: dice.whole(1, 5) }
    : { recipient: { street: 'Los Aromos', number: '12', extra: 'dirección nueva' } }
  return edit(order, asked, now)
}
