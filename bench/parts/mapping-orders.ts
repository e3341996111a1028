/** What bench/mapping.ts maps: Taobao trades and WooCommerce orders of its own making, typed as the wire has them. */

export interface TaobaoLine {
  oid: string
  num_iid: number
  outer_iid?: string
  outer_sku_id?: string
  sku_properties_name?: string
  title: string
  num: number
  price: string
  divide_order_fee: string
  refund_status: string
}

export interface TaobaoTrade {
  tid: string
  status: string
  type: string
  created: string
  modified: string
  pay_time?: string
  seller_nick: string
  seller_flag: number
  seller_memo?: string
  buyer_open_uid?: string
  buyer_nick?: string
  buyer_email?: string
  buyer_message?: string
  alipay_no?: string
  oaid?: string
  receiver_name?: string
  receiver_mobile?: string
  receiver_phone?: string
  receiver_state?: string
  receiver_city?: string
  receiver_district?: string
  receiver_town?: string
  receiver_address?: string
  receiver_zip?: string
  shipping_type?: string
  payment: string
  post_fee: string
  total_fee: string
  discount_fee: string
  orders: { order: TaobaoLine[] }
}

const yuan = (fen: number) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`

function taobaoLine(n: number, i: number): TaobaoLine & { fen: number; paid: number } {
  const fen = (1990 + n * 37 + i * 450) * ((i % 3) + 1)
  const paid = fen - i * 25
  return {
    oid: `31000000000000${1000 + n * 10 + i}`,
    num_iid: 620000000000 + i,
    ...(i % 3 === 2 ? { outer_iid: `TEA-${i}` } : { outer_sku_id: `TEA-${i}-S` }),
    sku_properties_name: `颜色分类:青;规格:${i + 1}两装`,
    title: `明前龙井 ${i + 1} 号`,
    num: (i % 3) + 1,
    price: yuan(1990 + n * 37 + i * 450),
    divide_order_fee: yuan(paid),
    refund_status: n % 4 === 3 && i === 1 ? 'SUCCESS' : 'NO_REFUND',
    fen,
    paid,
  }
}

/** Trade `n`: five orders, every fourth with one of them paid back. */
export function taobaoTrade(n: number): TaobaoTrade {
  const lines = Array.from({ length: 5 }, (_, i) => taobaoLine(n, i))
  const goods = lines.reduce((sum, l) => sum + l.fen, 0)
  const paid = lines.reduce((sum, l) => sum + l.paid, 0)
  return {
    tid: `31000000000000${1000 + n}`,
    status: n % 3 === 0 ? 'WAIT_BUYER_CONFIRM_GOODS' : 'WAIT_SELLER_SEND_GOODS',
    type: 'fixed',
    created: '2026-03-01 10:15:30',
    modified: '2026-03-01 10:21:07',
    pay_time: '2026-03-01 10:16:02',
    seller_nick: '示例茶庄',
    seller_flag: n % 6,
    ...(n % 2 === 0 ? { buyer_message: '请用礼盒' } : { seller_memo: '熟客' }),
    buyer_open_uid: `AAH${n}xyz`,
    buyer_nick: `t**${n}`,
    buyer_email: '',
    alipay_no: `20260301220014${n}`,
    oaid: `oa${n}`,
    receiver_name: '见**',
    receiver_mobile: `138****${1000 + n}`,
    receiver_state: '浙江省',
    receiver_city: '杭州市',
    receiver_district: '西湖区',
    receiver_town: '灵隐街道',
    receiver_address: `某某路 ${n} 号`,
    receiver_zip: '310000',
    shipping_type: 'express',
    payment: yuan(paid + 1000),
    post_fee: '10.00',
    total_fee: yuan(goods),
    discount_fee: yuan(goods - paid),
    orders: { order: lines.map(({ fen: _, paid: __, ...line }) => line) },
  }
}

interface WooPerson {
  first_name: string
  last_name: string
  company: string
  address_1: string
  address_2: string
  city: string
  state: string
  postcode: string
  country: string
  phone: string
  email?: string
}

export interface WooLine {
  id: number
  name: string
  product_id: number
  quantity: number
  subtotal: string
  total: string
  total_tax: string
  sku: string | null
  price: number
  meta_data: { id: number; display_key: string; display_value: string }[]
}

export interface WooOrder {
  id: number
  number: string
  status: string
  created_via: string
  currency: string
  date_created_gmt: string
  date_modified_gmt: string
  date_paid_gmt: string | null
  prices_include_tax: boolean
  discount_total: string
  shipping_total: string
  total: string
  total_tax: string
  customer_id: number
  customer_note: string
  payment_method: string
  transaction_id: string
  billing: WooPerson
  shipping: WooPerson
  line_items: WooLine[]
  shipping_lines: { id: number; method_title: string; total: string; total_tax: string }[]
  fee_lines: { id: number; name: string; total: string; total_tax: string }[]
  coupon_lines: { id: number; code: string; discount: string }[]
  refunds: { id: number; reason: string; total: string }[]
}

const person = (n: number): WooPerson => ({
  first_name: 'Ada',
  last_name: `Example ${n}`,
  company: '',
  address_1: `${n} Sample Street`,
  address_2: n % 2 === 0 ? 'Floor 2' : '',
  city: 'Graz',
  state: '',
  postcode: '8010',
  country: 'AT',
  phone: '+43 316 000',
})

function wooLine(n: number, i: number): WooLine {
  const cents = 1250 + n * 20 + i * 300
  const quantity = (i % 3) + 1
  return {
    id: 300 + n * 10 + i,
    name: `Article ${i}`,
    product_id: 70 + i,
    quantity,
    subtotal: yuan(cents * quantity),
    total: yuan(cents * quantity - 50),
    total_tax: yuan(Math.round((cents * quantity - 50) / 5)),
    sku: `ART-${i}`,
    price: (cents * quantity - 50) / quantity / 100,
    meta_data:
      i % 2 === 0
        ? [
            { id: 1, display_key: 'Size', display_value: 'M' },
            { id: 2, display_key: '_reduced_stock', display_value: '1' },
          ]
        : [],
  }
}

/** Order `n`: five lines, every third with a fee, every fourth with a refund. */
export function wooOrder(n: number): WooOrder {
  return {
    id: 4100 + n,
    number: String(4100 + n),
    status: n % 5 === 0 ? 'completed' : 'processing',
    created_via: 'checkout',
    currency: 'EUR',
    date_created_gmt: '2026-03-01T10:15:30',
    date_modified_gmt: '2026-03-01T10:21:07',
    date_paid_gmt: n % 6 === 5 ? null : '2026-03-01T10:16:02',
    prices_include_tax: true,
    discount_total: '2.50',
    shipping_total: '5.90',
    total: yuan(12_345 + n),
    total_tax: '20.58',
    customer_id: n % 2 === 0 ? 42 + n : 0,
    customer_note: n % 3 === 0 ? 'leave at the door' : '',
    payment_method: 'stripe',
    transaction_id: `ch_${n}`,
    billing: { ...person(n), email: `ada${n}@example.com` },
    shipping: person(n),
    line_items: Array.from({ length: 5 }, (_, i) => wooLine(n, i)),
    shipping_lines: [{ id: 900 + n, method_title: 'Parcel', total: '5.90', total_tax: '1.18' }],
    fee_lines: n % 3 === 0 ? [{ id: 950 + n, name: 'Packing', total: '1.00', total_tax: '0.20' }] : [],
    coupon_lines: [{ id: 970 + n, code: 'spring', discount: '2.50' }],
    refunds: n % 4 === 3 ? [{ id: 990 + n, reason: '', total: '-3.00' }] : [],
  }
}
