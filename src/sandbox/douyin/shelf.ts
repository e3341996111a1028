/** What the sandbox Douyin shop sells: one product with one SKU for every article of the catalogue. */
import { type Article, CATALOGUE, UNKNOWN_SKUS } from '../generate/catalogue.ts'

export interface ShelfItem {
  article: Article
  /** 19 digits: beyond what a JavaScript number holds. */
  productId: string
  /** 16 digits. */
  skuId: string
  /** Fen. */
  price: number
}

const unlisted: Article[] = UNKNOWN_SKUS.map((sku) => ({ sku, name: `新品 ${sku}`, option: null, price: 88 }))

/** Every article, those that no ERP knows at the end. */
export const SHELF: readonly ShelfItem[] = Object.freeze(
  [...CATALOGUE, ...unlisted].map((article, n) => ({
    article,
    productId: String(3_660_207_428_038_970_001n + BigInt(n) * 7n),
    skuId: String(3_410_716_076_201_001 + n * 3),
    price: article.price * 100,
  })),
)

/** By the merchant's own code. */
export const BY_CODE: ReadonlyMap<string, ShelfItem> = new Map(SHELF.map((item) => [item.article.sku, item]))

/** By SKU id. */
export const BY_SKU_ID: ReadonlyMap<string, ShelfItem> = new Map(SHELF.map((item) => [item.skuId, item]))

/** Stock of every SKU when the shop opens. */
export const OPENING_STOCK = 1000
