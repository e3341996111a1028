/** The Vendure shop as a buyer and as its staff see it: through the Shop API and the Admin API, nothing of ours. */

interface Session {
  token?: string | null
}
type Data = Record<string, never> & { [name: string]: unknown }

const ERRORS = '... on ErrorResult { errorCode message }'

async function call(base: string, api: string, session: Session, query: string, variables: object = {}) {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (session.token) headers.authorization = `Bearer ${session.token}`
  const answer = await fetch(`${base}/${api}`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables }),
  })
  session.token = answer.headers.get('vendure-auth-token') ?? session.token ?? null
  const { data, errors } = (await answer.json()) as { data: Data; errors?: unknown }
  if (errors) throw new Error(JSON.stringify(errors).slice(0, 1000))
  for (const [name, value] of Object.entries(data)) {
    const error = value as { errorCode?: string; message?: string } | null
    if (error?.errorCode) throw new Error(`${name}: ${error.errorCode} ${error.message}`)
  }
  return data as Record<string, unknown>
}

/** An order as the Admin API shows it; amounts in cents. */
export interface ShopOrder {
  id: string
  code: string
  state: string
  totalWithTax: number
  shippingWithTax: number
  shipping: number
  taxSummary: { taxRate: number; taxBase: number; taxTotal: number }[]
  lines: {
    id: string
    quantity: number
    proratedLinePrice: number
    proratedLinePriceWithTax: number
    productVariant: { sku: string }
  }[]
  fulfillments: {
    id: string
    state: string
    method: string
    trackingCode: string
    lines: { orderLineId: string; quantity: number }[]
  }[]
}

export interface Basket {
  items: Record<string, number>
  coupon?: string
  /** Index into the eligible shipping methods: 0 standard, 1 express. */
  shipping?: number
  name?: string
  /** `dummy-invoice` is only authorised; the default is settled at once. */
  pay?: 'dummy-card' | 'dummy-invoice'
}

export interface Shop {
  admin(query: string, variables?: object): Promise<Record<string, unknown>>
  /** Buys as a guest: basket, address, coupon, shipping, payment. */
  buy(basket: Basket): Promise<{ id: string; code: string }>
  order(id: string): Promise<ShopOrder>
}

/** Logs in as the shop's staff and makes the coupon TEN (ten percent off the whole order). */
export async function openShop(base: string): Promise<Shop> {
  const staff: Session = {}
  const admin = (query: string, variables?: object) => call(base, 'admin-api', staff, query, variables)
  await admin(`mutation { login(username: "superadmin", password: "superadmin") { __typename ${ERRORS} } }`)
  await admin(
    `mutation($input: CreatePromotionInput!) { createPromotion(input: $input) { __typename ${ERRORS} } }`,
    {
      input: {
        enabled: true,
        couponCode: 'TEN',
        conditions: [],
        translations: [{ languageCode: 'en', name: 'Ten percent off' }],
        actions: [{ code: 'order_percentage_discount', arguments: [{ name: 'discount', value: '10' }] }],
      },
    },
  )
  const listed = (await admin('{ productVariants(options: { take: 100 }) { items { id sku } } }'))
    .productVariants
  const variants = new Map(
    (listed as { items: { id: string; sku: string }[] }).items.map((v) => [v.sku, v.id]),
  )
  return {
    admin,
    buy: (basket) => buy(base, variants, basket),
    async order(id) {
      const query = `query($id: ID!) { order(id: $id) { id code state totalWithTax shippingWithTax shipping
        taxSummary { taxRate taxBase taxTotal }
        lines { id quantity proratedLinePrice proratedLinePriceWithTax productVariant { sku } }
        fulfillments { id state method trackingCode lines { orderLineId quantity } } } }`
      return (await admin(query, { id })).order as ShopOrder
    },
  }
}

async function buy(
  base: string,
  variants: Map<string, string>,
  basket: Basket,
): Promise<{ id: string; code: string }> {
  const session: Session = {}
  const shop = (query: string, variables?: object) => call(base, 'shop-api', session, query, variables)
  for (const [sku, quantity] of Object.entries(basket.items)) {
    const add = `mutation($id: ID!, $n: Int!) { addItemToOrder(productVariantId: $id, quantity: $n) { __typename ${ERRORS} } }`
    await shop(add, { id: variants.get(sku), n: quantity })
  }
  const name = basket.name ?? 'Anna Köhler'
  const email = `${crypto.randomUUID()}@example.test`
  await shop(
    `mutation($input: CreateCustomerInput!) { setCustomerForOrder(input: $input) { __typename ${ERRORS} } }`,
    {
      input: {
        firstName: name.split(' ')[0],
        lastName: name.split(' ')[1],
        emailAddress: email,
        phoneNumber: '+49 221 0',
      },
    },
  )
  await shop(
    `mutation($input: CreateAddressInput!) { setOrderShippingAddress(input: $input) { __typename ${ERRORS} } }`,
    {
      input: {
        fullName: name,
        streetLine1: 'Lindenallee 7',
        city: 'Köln',
        postalCode: '50667',
        countryCode: 'DE',
      },
    },
  )
  if (basket.coupon)
    await shop(`mutation { applyCouponCode(couponCode: "${basket.coupon}") { __typename ${ERRORS} } }`)
  const methods = (await shop('{ eligibleShippingMethods { id } }')).eligibleShippingMethods as {
    id: string
  }[]
  await shop(
    `mutation($id: [ID!]!) { setOrderShippingMethod(shippingMethodId: $id) { __typename ${ERRORS} } }`,
    {
      id: [methods[basket.shipping ?? 0]!.id],
    },
  )
  await shop(`mutation { transitionOrderToState(state: "ArrangingPayment") { __typename ${ERRORS} } }`)
  const pay = `mutation { addPaymentToOrder(input: { method: "${basket.pay ?? 'dummy-card'}", metadata: {} }) { __typename ... on Order { id code } ${ERRORS} } }`
  return (await shop(pay)).addPaymentToOrder as { id: string; code: string }
}
