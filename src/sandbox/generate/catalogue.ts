/**
 * The catalogue that the sandbox shop sells from. The sandbox ERPs use the same list as their material
 * archive, so a code outside it is unknown to them.
 */

/** One article. `price` is a CNY-ish base price in whole units; the generator converts it per currency. */
export interface Article {
  sku: string
  name: string
  option: string | null
  price: number
  /** Sold in large numbers at a unit price finer than the currency's minor unit, as in wholesale shops. */
  bulk?: true
  /** Given away with other articles: a 100 % discount makes it free. */
  gift?: true
}

/** What both the shop and the ERP know. Names in several scripts, with emoji and hanzi outside GBK's reach. */
export const CATALOGUE: readonly Article[] = Object.freeze([
  { sku: 'TEA-001', name: '抹茶ラテ 🍵 詰め合わせ', option: null, price: 108 },
  { sku: 'TEA-002', name: '西湖龙井 明前特级', option: '250 g', price: 368 },
  { sku: 'TEA-003', name: '武夷岩茶·大红袍', option: '100 g', price: 259 },
  { sku: 'TEA-004', name: 'Earl Grey — loose leaf', option: '500 g', price: 79 },
  { sku: 'TEA-005', name: '㐂㐂堂 茉莉花茶', option: null, price: 66 },
  { sku: 'TEA-006', name: 'Čaj z lesního ovoce', option: '20 ks', price: 35 },
  { sku: 'CUP-001', name: '青花瓷盖碗', option: '白', price: 128 },
  { sku: 'CUP-002', name: 'Stoneware mug “Møn”', option: '300 ml', price: 89 },
  { sku: 'CUP-003', name: '𠮷野焼 湯呑み', option: '小', price: 220 },
  { sku: 'CUP-004', name: '汝窑天青杯', option: null, price: 199 },
  { sku: 'POT-001', name: '宜興紫砂壺', option: '200 ml', price: 880 },
  { sku: 'POT-002', name: 'Gietijzeren theepot', option: '0,8 l', price: 345 },
  { sku: 'TEE-S-BLU', name: 'Ｔシャツ', option: 'S / 藍', price: 149 },
  { sku: 'TEE-M-BLU', name: 'Ｔシャツ', option: 'M / 藍', price: 149 },
  { sku: 'TEE-L-RED', name: 'T-Shirt „Größe L“', option: 'L / rot', price: 149 },
  { sku: 'SILK-01', name: '真丝围巾 龘', option: '90 × 90', price: 499 },
  { sku: 'SILK-02', name: '桑蚕丝眼罩', option: null, price: 59 },
  { sku: 'BOX-001', name: 'ラッピング 🎁 箱', option: '中', price: 25 },
  { sku: 'BOX-002', name: '礼盒包装', option: '大', price: 38 },
  { sku: 'BOOK-001', name: '茶經 (陸羽)', option: '精裝', price: 98 },
  { sku: 'BOOK-002', name: 'The Book of Tea', option: 'Paperback', price: 48 },
  { sku: 'KW-01', name: 'تمر فاخر “Premium”', option: '1 kg', price: 95 },
  { sku: 'KW-02', name: 'قهوة عربية بالهيل', option: '500 g', price: 120 },
  { sku: 'KR-01', name: '유자차 세트', option: null, price: 88 },
  { sku: 'KR-02', name: '보성 녹차 🌿', option: '80 g', price: 112 },
  { sku: 'GR-01', name: 'Τσάι του βουνού', option: '50 g', price: 42 },
  { sku: 'RU-01', name: 'Иван-чай <крупный лист>', option: '100 г', price: 45 },
  { sku: 'IN-01', name: 'दार्जिलिंग चाय', option: '250 g', price: 99 },
  { sku: 'TH-01', name: 'ชาเขียวมะลิ', option: null, price: 56 },
  { sku: 'FR-01', name: 'Thé à l’orange & cannelle', option: '100 g', price: 68 },
  { sku: 'VN-01', name: 'Trà sen Tây Hồ', option: '50 g', price: 134 },
  { sku: 'AMP-01', name: 'Cups & Saucers <set of 2> "Gift"', option: null, price: 175 },
  { sku: 'BAG-0001', name: '茶包袋 空白', option: '1000 枚', price: 1, bulk: true },
  { sku: 'LBL-0001', name: '标签贴纸', option: '卷', price: 1, bulk: true },
  { sku: 'STR-0001', name: 'Cotton string (m)', option: null, price: 1, bulk: true },
  { sku: 'GIFT-STK', name: 'おまけステッカー', option: null, price: 12, gift: true },
  { sku: 'GIFT-SMP', name: '试饮装 小样', option: '5 g', price: 9, gift: true },
  { sku: 'CARD-01', name: '贺卡 ✉️ 手写', option: null, price: 0 },
  { sku: 'EBOOK-01', name: 'Free e-book: Tea 101', option: null, price: 0 },
  { sku: 'ENGRAVE', name: '刻字服务 “𠮷祥”', option: null, price: 50 },
])

/** Every SKU that the sandbox ERPs accept as a material. */
export const KNOWN_SKUS: readonly string[] = Object.freeze(CATALOGUE.map((a) => a.sku))

/** Sold by the shop, but in no ERP: an order with one of them is refused when it is pushed. */
export const UNKNOWN_SKUS: readonly string[] = Object.freeze(['NEW-2026', '新品-未建档', 'X-UNLISTED'])
