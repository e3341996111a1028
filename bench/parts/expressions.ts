/** What bench/mapping.ts evaluates beside mappings: an order mapping and general expressions, also written by hand. */

interface Line {
  id: number
  sku: string | null
  title: string
  quantity: number
  price: string
  tax_lines: { price: string; rate: number }[]
  properties: { name: string; value: string }[]
}

/** The order that is mapped. */
export interface BenchOrder {
  id: number
  name: string
  currency: string
  created_at: string
  cancelled_at: string | null
  financial_status: string
  note: string | null
  customer: { id: number; first_name: string; last_name: string; email: string }
  shipping_address: {
    name: string
    address1: string
    address2: string | null
    city: string
    country_code: string
  }
  shipping_lines: { title: string; price: string }[]
  line_items: Line[]
  total_price: string
  tags: string
}

export function order(lines: number): BenchOrder {
  return {
    id: 7000000000001,
    name: '#1001',
    currency: 'USD',
    created_at: '2026-03-01T10:00:00Z',
    cancelled_at: null,
    financial_status: 'paid',
    note: 'leave at the door',
    customer: { id: 42, first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' },
    shipping_address: {
      name: 'Ada Lovelace',
      address1: '1 Main St',
      address2: null,
      city: 'London',
      country_code: 'GB',
    },
    shipping_lines: [{ title: 'Standard', price: '4.90' }],
    line_items: Array.from({ length: lines }, (_, i) => ({
      id: 9000 + i,
      sku: i % 4 === 3 ? null : `SKU-${i}`,
      title: `Item ${i}`,
      quantity: (i % 3) + 1,
      price: `${10 + i}.50`,
      tax_lines: [{ price: '1.05', rate: 0.1 }],
      properties: i % 2 === 0 ? [{ name: 'colour', value: 'red' }] : [],
    })),
    total_price: '99.90',
    tags: 'vip, web',
  }
}

/** The mapping: 30 fields of an order and its lines. */
export const fields = `{
  'externalId': $string(id),
  'number': name,
  'currency': currency,
  'placedAt': created_at,
  'state': cancelled_at ? 'cancelled' : 'open',
  'payment': $lookup({'paid': 'paid', 'refunded': 'refunded', 'pending': 'unpaid'}, financial_status),
  'remark': note,
  'buyer': {
    'id': $string(customer.id),
    'name': customer.first_name & ' ' & customer.last_name,
    'email': customer.email
  },
  'shipTo': {
    'name': shipping_address.name,
    'lines': [shipping_address.address1, shipping_address.address2],
    'city': shipping_address.city,
    'country': shipping_address.country_code
  },
  'freight': {'method': shipping_lines[0].title, 'amount': $number(shipping_lines[0].price)},
  'lines': [line_items.{
    'id': $string(id),
    'sku': sku ?? 'none',
    'name': title,
    'quantity': quantity,
    'price': $number(price),
    'goods': $number(price) * quantity,
    'tax': $sum(tax_lines.$number(price)),
    'rate': tax_lines.rate,
    'colour': properties[name = 'colour'].value
  }],
  'pieces': $sum(line_items.quantity),
  'total': $number(total_price),
  'tags': $split(tags, ', ')
}`

const lineByHand = (l: Line) => {
  const colours = l.properties.filter((p) => p.name === 'colour').map((p) => p.value)
  return {
    id: String(l.id),
    sku: l.sku,
    name: l.title,
    quantity: l.quantity,
    price: Number(l.price),
    goods: Number(l.price) * l.quantity,
    tax: l.tax_lines.reduce((sum, t) => sum + Number(t.price), 0),
    ...(l.tax_lines.length > 0
      ? { rate: l.tax_lines.length === 1 ? l.tax_lines[0]!.rate : l.tax_lines.map((t) => t.rate) }
      : {}),
    ...(colours.length > 0 ? { colour: colours.length === 1 ? colours[0] : colours } : {}),
  }
}

const PAYMENT: Record<string, string> = { paid: 'paid', refunded: 'refunded', pending: 'unpaid' }

export function handWritten(o: BenchOrder): unknown {
  return {
    externalId: String(o.id),
    number: o.name,
    currency: o.currency,
    placedAt: o.created_at,
    state: o.cancelled_at ? 'cancelled' : 'open',
    payment: PAYMENT[o.financial_status],
    remark: o.note,
    buyer: {
      id: String(o.customer.id),
      name: `${o.customer.first_name} ${o.customer.last_name}`,
      email: o.customer.email,
    },
    shipTo: {
      name: o.shipping_address.name,
      lines: [o.shipping_address.address1, o.shipping_address.address2],
      city: o.shipping_address.city,
      country: o.shipping_address.country_code,
    },
    freight: { method: o.shipping_lines[0]?.title, amount: Number(o.shipping_lines[0]?.price) },
    lines: o.line_items.map(lineByHand),
    pieces: o.line_items.reduce((sum, l) => sum + l.quantity, 0),
    total: Number(o.total_price),
    tags: o.tags.split(', '),
  }
}

type Hand = ((o: BenchOrder) => unknown) | null

/** General expressions, some of them also by hand. */
export const GENERAL: [source: string, hand: Hand][] = [
  ['shipping_address.city', (o) => o.shipping_address?.city],
  ['line_items.sku', (o) => o.line_items.map((l) => l.sku)],
  ['line_items[quantity > 1].title', (o) => o.line_items.filter((l) => l.quantity > 1).map((l) => l.title)],
  [
    '$sum(line_items.($number(price) * quantity))',
    (o) => o.line_items.reduce((s, l) => s + Number(l.price) * l.quantity, 0),
  ],
  ['line_items^(>quantity, title).id', null],
  ['line_items{$string(quantity): title}', null],
  [
    '$map(line_items, function($l, $i) { $i & ": " & $l.title })',
    (o) => o.line_items.map((l, i) => `${i}: ${l.title}`),
  ],
  [
    '$reduce(line_items.quantity, function($a, $b) { $a + $b })',
    (o) => o.line_items.map((l) => l.quantity).reduce((a, b) => a + b),
  ],
  ['$filter(line_items, function($l) { $contains($l.title, "3") }).id', null],
  ['$join(line_items.title, ", ")', (o) => o.line_items.map((l) => l.title).join(', ')],
  ['$uppercase($substringBefore(customer.email, "@"))', (o) => o.customer.email.split('@')[0]!.toUpperCase()],
  ['$replace(name, /[^0-9]/, "")', (o) => o.name.replace(/[^0-9]/g, '')],
  ['**.price', null],
  ['($f := function($n) { $n < 2 ? $n : $f($n - 1) + $f($n - 2) }; $f(12))', () => fib(12)],
  ['($t := function($n, $a) { $n = 0 ? $a : $t($n - 1, $a + $n) }; $t(100, 0))', null],
  ['$merge([customer, {"vip": "vip" in $split(tags, ", ")}])', null],
  ['line_items#$i.{"row": $i + 1, "sku": sku}', null],
  ['$ ~> |line_items|{"price": $number(price)}|', null],
  ['$fromMillis($toMillis(created_at) + 86400000, "[Y]-[M01]-[D01]")', null],
  [
    'financial_status = "paid" and $count(line_items) > 3',
    (o) => o.financial_status === 'paid' && o.line_items.length > 3,
  ],
]

function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2)
}
