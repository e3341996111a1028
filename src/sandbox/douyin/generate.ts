/**
 * The order generator of the Douyin shop: order number `index` of a seed is always the same order, whatever
 * came before. Every block of 24 holds every difficulty once, in an order drawn from the seed.
 */
import { apportion } from '../../core/money.ts'
import { UNKNOWN_SKUS } from '../generate/catalogue.ts'
import { NOTES } from '../generate/people.ts'
import { type Random, random } from '../generate/random.ts'
import { advance, apply } from './after-sale.ts'
import { type DouyinOrder, goodsOf, lineAmount, type SkuOrder } from './order.ts'
import { RECEIVER_COUNT, receiver } from './receivers.ts'
import { BY_CODE, SHELF, type ShelfItem } from './shelf.ts'

/** The difficulties, one per card; `plain` ones fill the block up. */
export const CARDS = [
  'many-lines',
  'gift',
  'zero-price',
  'all-free',
  'shop-coupon',
  'platform-coupon',
  'talent-coupon',
  'every-coupon',
  'pay-discount',
  'price-change',
  'free-freight',
  'code-missing',
  'code-unknown',
  'unpaid',
  'review',
  'cancelled',
  'refunded-line',
  'refunded',
  'rare-names',
  'remarks',
  'broadcast',
] as const

/** One of the difficulties, or none. */
export type Card = (typeof CARDS)[number] | 'plain'

const BLOCK = 24
const PLAIN = SHELF.filter(
  ({ article, price }) => !article.gift && price > 0 && !UNKNOWN_SKUS.includes(article.sku),
)
const FREE = SHELF.filter(({ price }) => price === 0)
const GIFTS = SHELF.filter(({ article }) => article.gift)

/** Ids begin here and lie far apart, so that lines find room between two orders. */
const FIRST_ID = 6_936_476_692_437_000_000n
const STEP = 1_000_003n

/** Id of order number `index`. */
export function orderId(index: number): string {
  return String(FIRST_ID + BigInt(index) * STEP)
}

/** The card of order `index`: blocks are shuffled each by their own part of the seed. */
export function cardOf(seed: number, index: number): Card {
  const dice = random(mix(seed, Math.floor(index / BLOCK), 0xd0))
  const deck: Card[] = [...CARDS, ...Array<Card>(BLOCK - CARDS.length).fill('plain')]
  for (let i = deck.length - 1; i > 0; i--) {
    const j = dice.whole(0, i)
    ;[deck[i], deck[j]] = [deck[j]!, deck[i]!]
  }
  return deck[index % BLOCK]!
}

/** Folds three numbers into one seed. */
export function mix(a: number, b: number, c: number): number {
  return Math.imul(a ^ Math.imul(b + 1, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(c + 1, 0xc2b2ae35)
}

/** Order `index` of a seed, placed and (mostly) paid at `now`, whole seconds. `hard` deals it a card. */
export function generateOrder(seed: number, index: number, now: number, hard: boolean): DouyinOrder {
  const dice = random(mix(seed, index, 0x0d0e))
  const card = hard ? cardOf(seed, index) : 'plain'
  const order = place(dice, index, now)
  if (card !== 'plain') SHAPES[card](order, dice)
  return afterwards(renumber(order), card, now)
}

/** What had happened to the order before anybody could read it. */
function afterwards(order: DouyinOrder, card: Card, now: number): DouyinOrder {
  const refund = (o: DouyinOrder, sku: string) => {
    const applied = apply(o, { sku, type: 2, reason: '不想要了' }, now)
    return advance(applied, applied.afterSales.at(-1)!.id, 'agree', now)
  }
  if (card === 'refunded-line') return refund(order, order.skus[0]!.id)
  if (card === 'refunded') return order.skus.reduce((o, sku) => refund(o, sku.id), order)
  return order
}

function place(dice: Random, index: number, now: number): DouyinOrder {
  return {
    id: orderId(index),
    createdAt: now,
    updatedAt: now,
    paidAt: now,
    finishedAt: 0,
    stage: 'paid',
    cancelReason: '',
    skus: Array.from({ length: dice.whole(1, 4) }, () => line(dice.pick(PLAIN), dice.whole(1, 5))),
    post: dice.chance(0.5) ? 800 : 0,
    modifyPost: 0,
    buyer: dice.whole(1, 500),
    receiver: receiver(dice.whole(0, RECEIVER_COUNT - 1)),
    buyerWords: dice.pick(NOTES) ?? '',
    sellerWords: '',
    stars: 0,
    shipBy: now + 2 * 86_400,
    author: null,
    parcels: [],
    afterSales: [],
  }
}

function line({ article, productId, skuId, price }: ShelfItem, quantity: number): SkuOrder {
  const off = { shopOff: 0, platformOff: 0, talentOff: 0, payOff: 0, modify: 0 }
  const { sku: code, name, option: spec } = article
  return { id: '', productId, skuId, code, name, spec, quantity, price, ...off, gift: false, closed: 0 }
}

/** A single line has the order's own id, several have ids of their own behind it. */
function renumber(order: DouyinOrder): DouyinOrder {
  const single = order.skus.length === 1
  const skus = order.skus.map((s, i) => ({
    ...s,
    id: single ? order.id : String(BigInt(order.id) + BigInt(i + 1)),
  }))
  return { ...order, skus }
}

/** Spreads an amount over the lines by what they cost, at most what is left of each. */
function spread(
  order: DouyinOrder,
  amount: number,
  field: 'shopOff' | 'platformOff' | 'talentOff' | 'payOff' | 'modify',
) {
  const bases = order.skus.map((s) => Math.max(0, lineAmount(s)))
  const most = bases.reduce((a, b) => a + b, 0)
  const sign = Math.sign(amount)
  const parts = apportion(Math.min(Math.abs(amount), most), bases.map(String))
  order.skus.forEach((s, i) => {
    s[field] += sign * parts[i]!
  })
}

const SHAPES: Record<Exclude<Card, 'plain'>, (order: DouyinOrder, dice: Random) => void> = {
  'many-lines': (o, dice) => {
    o.skus = Array.from({ length: 60 }, () => line(dice.pick(PLAIN), dice.whole(1, 3)))
    spread(o, 9_999, 'shopOff')
  },
  gift: (o, dice) => {
    const free = line(dice.pick(GIFTS), 1)
    o.skus.push({ ...free, gift: true, shopOff: goodsOf(free) })
  },
  'zero-price': (o, dice) => o.skus.push(line(dice.pick(FREE), dice.whole(1, 3))),
  'all-free': (o, dice) => {
    o.skus = [line(dice.pick(FREE), 1)]
    o.post = 0
  },
  'shop-coupon': (o) => spread(o, 733, 'shopOff'),
  'platform-coupon': (o) => spread(o, 1_501, 'platformOff'),
  'talent-coupon': (o) => spread(o, 377, 'talentOff'),
  'every-coupon': (o, dice) => {
    o.skus.push(line(dice.pick(PLAIN), 3), line(dice.pick(PLAIN), 1))
    spread(o, 1_001, 'shopOff')
    spread(o, 503, 'platformOff')
    spread(o, 211, 'talentOff')
    spread(o, 97, 'payOff')
  },
  'pay-discount': (o) => spread(o, 199, 'payOff'),
  'price-change': (o) => {
    o.post = 1_200
    spread(o, -555, 'modify')
    o.modifyPost = -300
  },
  'free-freight': (o) => {
    o.post = 0
  },
  'code-missing': (o) => {
    o.skus[0]!.code = ''
  },
  'code-unknown': (o, dice) => {
    const item = BY_CODE.get(dice.pick(UNKNOWN_SKUS))!
    o.skus[0] = line(item, o.skus[0]!.quantity)
  },
  unpaid: (o) => {
    o.stage = 'unpaid'
    o.paidAt = 0
  },
  review: (o) => {
    o.stage = 'review'
  },
  cancelled: (o) => {
    o.stage = 'cancelled'
    o.paidAt = 0
    o.cancelReason = '超时未支付'
  },
  'refunded-line': (o, dice) => {
    o.skus.push(line(dice.pick(PLAIN), 2))
  },
  refunded: (o) => {
    o.post = 600
  },
  'rare-names': (o) => {
    o.receiver = { ...receiver(0), name: '𠮷野 㐂子', detail: '㐂喜路 9 号 𠀀座 🍵 2-1' }
    o.buyerWords = '𠮷日送达 🙏 <勿摁门铃> & 谢谢'
  },
  remarks: (o) => {
    o.sellerWords = '加急，走顺丰'
    o.stars = 5
  },
  broadcast: (o) => {
    o.author = { id: '71234567890123456', name: '小茶直播间' }
  },
}
