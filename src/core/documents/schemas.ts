/** The schema of every kind of document: the one list that validation, mappings and the reference page follow. */
import type { Static } from 'typebox'
import type { DocumentKind } from '../states.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { Cancellation } from './cancellation.ts'
import { Order } from './order.ts'
import { Product } from './product.ts'
import { Receipt } from './receipt.ts'
import { Refund } from './refund.ts'
import { Return } from './return.ts'
import { Shipment } from './shipment.ts'
import { Stock } from './stock.ts'

export const SCHEMAS = {
  order: Order,
  return: Return,
  refund: Refund,
  cancellation: Cancellation,
  shipment: Shipment,
  stock: Stock,
  product: Product,
  receipt: Receipt,
  acknowledgement: Acknowledgement,
} satisfies Record<DocumentKind, unknown>

/** The document type of each kind. */
export type Documents = { [K in DocumentKind]: Static<(typeof SCHEMAS)[K]> }
