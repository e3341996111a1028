/**
 * The part of Shopify's Admin schema that the sandbox serves, in Shopify's own words. Names, nullability and
 * arguments follow the published schema of 2026-10 as far as the fields go.
 */
export const SDL = /* GraphQL */ `
directive @idempotent(key: String!) on FIELD

scalar DateTime
scalar Decimal
scalar Money
scalar URL
scalar UnsignedInt64

interface Node { id: ID! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type MoneyV2 { amount: Decimal! currencyCode: String! }
type MoneyBag { shopMoney: MoneyV2! presentmentMoney: MoneyV2! }
type CashRoundingAdjustment { paymentSet: MoneyBag! refundSet: MoneyBag! }
type Attribute { key: String! value: String }
type Count { count: Int! precision: String! }
type UserError { field: [String!] message: String! }
type TaxLine { title: String! rate: Float ratePercentage: Float channelLiable: Boolean source: String priceSet: MoneyBag! }
type PricingPercentageValue { percentage: Float! }
union PricingValue = MoneyV2 | PricingPercentageValue

interface DiscountApplication {
  index: Int! allocationMethod: String! targetSelection: String! targetType: String! value: PricingValue!
}
type DiscountCodeApplication implements DiscountApplication {
  index: Int! allocationMethod: String! targetSelection: String! targetType: String! value: PricingValue! code: String!
}
type AutomaticDiscountApplication implements DiscountApplication {
  index: Int! allocationMethod: String! targetSelection: String! targetType: String! value: PricingValue! title: String!
}
type ManualDiscountApplication implements DiscountApplication {
  index: Int! allocationMethod: String! targetSelection: String! targetType: String! value: PricingValue!
  title: String! description: String
}
type DiscountApplicationConnection { nodes: [DiscountApplication!]! edges: [DiscountApplicationEdge!]! pageInfo: PageInfo! }
type DiscountApplicationEdge { cursor: String! node: DiscountApplication! }
type DiscountAllocation { allocatedAmountSet: MoneyBag! discountApplication: DiscountApplication! }

type CustomerEmailAddress { emailAddress: String! }
type Customer implements Node {
  id: ID! firstName: String lastName: String displayName: String! locale: String! taxExempt: Boolean!
  defaultEmailAddress: CustomerEmailAddress
}
type MailingAddress {
  firstName: String lastName: String name: String company: String address1: String address2: String city: String
  province: String provinceCode: String zip: String country: String countryCodeV2: String phone: String
}
type Product implements Node {
  id: ID! legacyResourceId: UnsignedInt64! title: String! vendor: String! productType: String! status: String!
}
type SelectedOption { name: String! value: String! }
type ProductVariant implements Node {
  id: ID! legacyResourceId: UnsignedInt64! sku: String barcode: String title: String! displayName: String! price: Money!
  createdAt: DateTime! updatedAt: DateTime! selectedOptions: [SelectedOption!]! product: Product! inventoryItem: InventoryItem!
}
type ProductVariantConnection { nodes: [ProductVariant!]! edges: [ProductVariantEdge!]! pageInfo: PageInfo! }
type ProductVariantEdge { cursor: String! node: ProductVariant! }
enum ProductVariantSortKeys { ID RELEVANCE SKU TITLE }
type Weight { unit: String! value: Float! }
type InventoryItemMeasurement { id: ID! weight: Weight }
type InventoryQuantity { id: ID! name: String! quantity: Int! updatedAt: DateTime }
type InventoryLevel implements Node {
  id: ID! createdAt: DateTime! updatedAt: DateTime! item: InventoryItem! location: Location!
  quantities(names: [String!]!): [InventoryQuantity!]!
}
type InventoryLevelConnection { nodes: [InventoryLevel!]! edges: [InventoryLevelEdge!]! pageInfo: PageInfo! }
type InventoryLevelEdge { cursor: String! node: InventoryLevel! }
type InventoryItem implements Node {
  id: ID! legacyResourceId: UnsignedInt64! sku: String tracked: Boolean! requiresShipping: Boolean! createdAt: DateTime!
  updatedAt: DateTime! measurement: InventoryItemMeasurement! variant: ProductVariant inventoryLevel(locationId: ID!): InventoryLevel
  inventoryLevels(first: Int after: String last: Int before: String): InventoryLevelConnection!
}
type InventoryItemConnection { nodes: [InventoryItem!]! edges: [InventoryItemEdge!]! pageInfo: PageInfo! }
type InventoryItemEdge { cursor: String! node: InventoryItem! }
type LineItemGroup { id: ID! title: String! quantity: Int! }
type LineItem implements Node {
  id: ID! name: String! title: String! variantTitle: String vendor: String sku: String quantity: Int!
  currentQuantity: Int! refundableQuantity: Int! unfulfilledQuantity: Int! requiresShipping: Boolean!
  isGiftCard: Boolean! taxable: Boolean! product: Product variant: ProductVariant
  originalUnitPriceSet: MoneyBag! originalTotalSet: MoneyBag! discountedTotalSet: MoneyBag!
  discountAllocations: [DiscountAllocation!]! taxLines(first: Int): [TaxLine!]! customAttributes: [Attribute!]!
  lineItemGroup: LineItemGroup
}
type LineItemConnection { nodes: [LineItem!]! edges: [LineItemEdge!]! pageInfo: PageInfo! }
type LineItemEdge { cursor: String! node: LineItem! }
type ShippingLine {
  id: ID code: String title: String! source: String carrierIdentifier: String isRemoved: Boolean!
  originalPriceSet: MoneyBag! discountedPriceSet: MoneyBag! discountAllocations: [DiscountAllocation!]! taxLines: [TaxLine!]!
}
type ShippingLineConnection { nodes: [ShippingLine!]! edges: [ShippingLineEdge!]! pageInfo: PageInfo! }
type ShippingLineEdge { cursor: String! node: ShippingLine! }
type OrderTransaction implements Node {
  id: ID! kind: String! status: String! gateway: String test: Boolean! processedAt: DateTime amountSet: MoneyBag!
  parentTransaction: OrderTransaction
}
type OrderTransactionConnection { nodes: [OrderTransaction!]! edges: [OrderTransactionEdge!]! pageInfo: PageInfo! }
type OrderTransactionEdge { cursor: String! node: OrderTransaction! }
type Location implements Node { id: ID! name: String! }
type RefundLineItem {
  id: ID quantity: Int! restockType: String! restocked: Boolean! location: Location lineItem: LineItem!
  priceSet: MoneyBag! subtotalSet: MoneyBag! totalTaxSet: MoneyBag!
}
type RefundLineItemConnection { nodes: [RefundLineItem!]! edges: [RefundLineItemEdge!]! pageInfo: PageInfo! }
type RefundLineItemEdge { cursor: String! node: RefundLineItem! }
type RefundShippingLine { id: ID! shippingLine: ShippingLine! subtotalAmountSet: MoneyBag! taxAmountSet: MoneyBag! }
type RefundShippingLineConnection { nodes: [RefundShippingLine!]! edges: [RefundShippingLineEdge!]! pageInfo: PageInfo! }
type RefundShippingLineEdge { cursor: String! node: RefundShippingLine! }
type OrderAdjustment { id: ID! reason: String amountSet: MoneyBag! taxAmountSet: MoneyBag! }
type OrderAdjustmentConnection { nodes: [OrderAdjustment!]! edges: [OrderAdjustmentEdge!]! pageInfo: PageInfo! }
type OrderAdjustmentEdge { cursor: String! node: OrderAdjustment! }
type Refund implements Node {
  id: ID! legacyResourceId: UnsignedInt64! createdAt: DateTime processedAt: DateTime note: String totalRefundedSet: MoneyBag!
  order: Order! return: Return
  refundLineItems(first: Int after: String last: Int before: String): RefundLineItemConnection!
  refundShippingLines(first: Int after: String last: Int before: String): RefundShippingLineConnection!
  orderAdjustments(first: Int after: String last: Int before: String): OrderAdjustmentConnection!
  transactions(first: Int after: String last: Int before: String): OrderTransactionConnection!
}
type ReturnLineItem implements Node {
  id: ID! quantity: Int! refundedQuantity: Int! refundableQuantity: Int! returnReason: String! returnReasonNote: String!
  customerNote: String fulfillmentLineItem: FulfillmentLineItem! withCodeDiscountedTotalPriceSet: MoneyBag!
}
type ReturnLineItemConnection { nodes: [ReturnLineItem!]! edges: [ReturnLineItemEdge!]! pageInfo: PageInfo! }
type ReturnLineItemEdge { cursor: String! node: ReturnLineItem! }
type Return implements Node {
  id: ID! name: String! status: String! createdAt: DateTime! closedAt: DateTime requestApprovedAt: DateTime totalQuantity: Int!
  order: Order! returnLineItems(first: Int after: String last: Int before: String): ReturnLineItemConnection!
}
type ReturnConnection { nodes: [Return!]! edges: [ReturnEdge!]! pageInfo: PageInfo! }
type ReturnEdge { cursor: String! node: Return! }
type FulfillmentOrderAssignedLocation { name: String! location: Location }
type FulfillmentOrderLineItem implements Node { id: ID! totalQuantity: Int! remainingQuantity: Int! sku: String lineItem: LineItem! }
type FulfillmentOrderLineItemConnection { nodes: [FulfillmentOrderLineItem!]! edges: [FulfillmentOrderLineItemEdge!]! pageInfo: PageInfo! }
type FulfillmentOrderLineItemEdge { cursor: String! node: FulfillmentOrderLineItem! }
type FulfillmentOrder implements Node {
  id: ID! status: String! requestStatus: String! assignedLocation: FulfillmentOrderAssignedLocation!
  lineItems(first: Int after: String last: Int before: String): FulfillmentOrderLineItemConnection!
}
type FulfillmentOrderConnection { nodes: [FulfillmentOrder!]! edges: [FulfillmentOrderEdge!]! pageInfo: PageInfo! }
type FulfillmentOrderEdge { cursor: String! node: FulfillmentOrder! }
type FulfillmentTrackingInfo { company: String number: String url: URL }
type FulfillmentLineItem implements Node { id: ID! quantity: Int lineItem: LineItem! }
type FulfillmentLineItemConnection { nodes: [FulfillmentLineItem!]! edges: [FulfillmentLineItemEdge!]! pageInfo: PageInfo! }
type FulfillmentLineItemEdge { cursor: String! node: FulfillmentLineItem! }
type Fulfillment implements Node {
  id: ID! legacyResourceId: UnsignedInt64! name: String! status: String! displayStatus: String createdAt: DateTime!
  trackingInfo(first: Int): [FulfillmentTrackingInfo!]!
  fulfillmentLineItems(first: Int after: String last: Int before: String): FulfillmentLineItemConnection!
}
type Order implements Node {
  id: ID! legacyResourceId: UnsignedInt64! name: String! number: Int! poNumber: String test: Boolean! note: String email: String
  phone: String tags: [String!]! sourceName: String customerLocale: String createdAt: DateTime! processedAt: DateTime!
  updatedAt: DateTime! closedAt: DateTime cancelledAt: DateTime cancelReason: String displayFinancialStatus: String
  displayFulfillmentStatus: String! returnStatus: String! confirmed: Boolean! edited: Boolean! fullyPaid: Boolean!
  requiresShipping: Boolean! taxesIncluded: Boolean! taxExempt: Boolean! dutiesIncluded: Boolean! currencyCode: String!
  presentmentCurrencyCode: String! discountCodes: [String!]! paymentGatewayNames: [String!]! customAttributes: [Attribute!]!
  customer: Customer billingAddress: MailingAddress shippingAddress: MailingAddress
  subtotalPriceSet: MoneyBag totalDiscountsSet: MoneyBag totalShippingPriceSet: MoneyBag! totalTaxSet: MoneyBag
  totalPriceSet: MoneyBag! currentSubtotalPriceSet: MoneyBag! currentShippingPriceSet: MoneyBag!
  currentTotalTaxSet: MoneyBag! currentTotalPriceSet: MoneyBag! totalReceivedSet: MoneyBag! totalRefundedSet: MoneyBag!
  totalOutstandingSet: MoneyBag! refundDiscrepancySet: MoneyBag! totalTipReceivedSet: MoneyBag!
  totalCashRoundingAdjustment: CashRoundingAdjustment! originalTotalDutiesSet: MoneyBag currentTotalDutiesSet: MoneyBag
  originalTotalAdditionalFeesSet: MoneyBag currentTotalAdditionalFeesSet: MoneyBag taxLines: [TaxLine!]!
  discountApplications(first: Int after: String last: Int before: String): DiscountApplicationConnection!
  shippingLines(first: Int after: String last: Int before: String): ShippingLineConnection!
  lineItems(first: Int after: String last: Int before: String): LineItemConnection!
  transactions(first: Int): [OrderTransaction!]!
  refunds(first: Int): [Refund!]!
  returns(first: Int after: String last: Int before: String): ReturnConnection!
  fulfillmentOrders(first: Int after: String last: Int before: String): FulfillmentOrderConnection!
  fulfillments(first: Int): [Fulfillment!]!
}
enum OrderSortKeys { CREATED_AT ID ORDER_NUMBER PROCESSED_AT UPDATED_AT }
type OrderConnection { nodes: [Order!]! edges: [OrderEdge!]! pageInfo: PageInfo! }
type OrderEdge { cursor: String! node: Order! }
type Shop implements Node { id: ID! name: String! currencyCode: String! ianaTimezone: String! myshopifyDomain: String! taxesIncluded: Boolean! }
enum WebhookSubscriptionTopic { ORDERS_CREATE ORDERS_UPDATED ORDERS_CANCELLED ORDERS_EDITED REFUNDS_CREATE }
enum WebhookSubscriptionFormat { JSON XML }
type WebhookSubscription implements Node { id: ID! topic: WebhookSubscriptionTopic! uri: String! format: WebhookSubscriptionFormat! createdAt: DateTime! }
type WebhookSubscriptionConnection { nodes: [WebhookSubscription!]! edges: [WebhookSubscriptionEdge!]! pageInfo: PageInfo! }
type WebhookSubscriptionEdge { cursor: String! node: WebhookSubscription! }
input WebhookSubscriptionInput { uri: String callbackUrl: URL format: WebhookSubscriptionFormat filter: String includeFields: [String!] name: String }
type WebhookSubscriptionCreatePayload { webhookSubscription: WebhookSubscription userErrors: [UserError!]! }
type WebhookSubscriptionDeletePayload { deletedWebhookSubscriptionId: ID userErrors: [UserError!]! }
input FulfillmentOrderLineItemInput { id: ID! quantity: Int! }
input FulfillmentOrderLineItemsInput { fulfillmentOrderId: ID! fulfillmentOrderLineItems: [FulfillmentOrderLineItemInput!] }
input FulfillmentTrackingInput { company: String number: String numbers: [String!] url: URL urls: [URL!] }
input FulfillmentInput {
  lineItemsByFulfillmentOrder: [FulfillmentOrderLineItemsInput!]! trackingInfo: FulfillmentTrackingInput
  notifyCustomer: Boolean = false
}
type FulfillmentCreatePayload { fulfillment: Fulfillment userErrors: [UserError!]! }
type FulfillmentTrackingInfoUpdatePayload { fulfillment: Fulfillment userErrors: [UserError!]! }
input InventoryQuantityInput { inventoryItemId: ID! locationId: ID! quantity: Int! changeFromQuantity: Int }
input InventorySetQuantitiesInput {
  name: String! reason: String! referenceDocumentUri: String quantities: [InventoryQuantityInput!]!
}
type InventoryChange { name: String! delta: Int! }
type InventoryAdjustmentGroup implements Node { id: ID! reason: String! referenceDocumentUri: String changes: [InventoryChange!]! }
type InventorySetQuantitiesUserError { code: String field: [String!] message: String! }
type InventorySetQuantitiesPayload {
  inventoryAdjustmentGroup: InventoryAdjustmentGroup userErrors: [InventorySetQuantitiesUserError!]!
}
input RefundLineItemInput { lineItemId: ID! quantity: Int! restockType: String locationId: ID }
input ShippingRefundInput { amount: Money fullRefund: Boolean }
input OrderTransactionInput { amount: Money! gateway: String! kind: String! orderId: ID! parentId: ID }
input RefundInput {
  orderId: ID! note: String notify: Boolean currency: String refundLineItems: [RefundLineItemInput!] shipping: ShippingRefundInput
  transactions: [OrderTransactionInput!]
}
type RefundCreatePayload { refund: Refund order: Order userErrors: [UserError!]! }
type QueryRoot {
  shop: Shop!
  order(id: ID!): Order
  orders(first: Int after: String last: Int before: String query: String sortKey: OrderSortKeys = PROCESSED_AT reverse: Boolean = false): OrderConnection!
  ordersCount(query: String limit: Int = 10000): Count
  productVariants(first: Int after: String last: Int before: String query: String sortKey: ProductVariantSortKeys = ID): ProductVariantConnection!
  inventoryItems(first: Int after: String last: Int before: String query: String): InventoryItemConnection!
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  webhookSubscriptions(first: Int after: String last: Int before: String topics: [WebhookSubscriptionTopic!]): WebhookSubscriptionConnection!
}
type Mutation {
  webhookSubscriptionCreate(topic: WebhookSubscriptionTopic! webhookSubscription: WebhookSubscriptionInput!): WebhookSubscriptionCreatePayload
  webhookSubscriptionDelete(id: ID!): WebhookSubscriptionDeletePayload
  fulfillmentCreate(fulfillment: FulfillmentInput! message: String): FulfillmentCreatePayload
  inventorySetQuantities(input: InventorySetQuantitiesInput!): InventorySetQuantitiesPayload
  refundCreate(input: RefundInput!): RefundCreatePayload
  fulfillmentTrackingInfoUpdate(fulfillmentId: ID! trackingInfoInput: FulfillmentTrackingInput! notifyCustomer: Boolean): FulfillmentTrackingInfoUpdatePayload
}
schema { query: QueryRoot mutation: Mutation }
`
