/**
 * What the marketplace shops list: the catalogue as goods with variants. Goods without a variant carry the merchant's
 * code themselves, as on the real platforms.
 */
import { type Article, CATALOGUE } from '../generate/catalogue.ts'

/** One listing. `sku` is the code that the ERP knows. */
export interface Goods {
  /** Index in `GOODS`. */
  n: number
  /** Digits; the platform's numbers of the listing and of its variant, null where it has none. */
  itemId: string
  skuId: string | null
  sku: string
  title: string
  option: string | null
  /** Fen. */
  price: number
  gift: boolean
}

/** Pieces of every listing when a shop opens. */
export const FIRST_STOCK = 1000

/** Everything listed. Wholesale articles with prices finer than fen are for other shops. */
export const GOODS: readonly Goods[] = Object.freeze(CATALOGUE.filter((a) => !a.bulk).map(goodsOf))

function goodsOf(article: Article, n: number): Goods {
  return {
    n,
    itemId: String(680_000_000_101 + n * 1013),
    skuId: article.option === null ? null : String(5_000_000_000_201 + n * 10_007),
    sku: article.sku,
    title: article.name,
    option: article.option,
    price: article.price * 100,
    gift: article.gift === true,
  }
}

/** By the platform's number of the listing. */
export function goodsById(itemId: string): Goods | undefined {
  return GOODS.find((g) => g.itemId === itemId)
}
