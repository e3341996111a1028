/** Which fields of documents hold no personal data, so that their values may be shown in lists. */

/**
 * By name, not by what is in them: everything else may hold a person's name, address or words (`buyer`, `shipTo`,
 * `remarks`, `extra`, tracking numbers), and a field that is new here is not shown.
 */
const PUBLIC = [
  /^(connection|entity|externalId|version|number|state|payment|fulfillment|placedAt|paidAt|shop|subSource)$/,
  /^(salesKind|currency|buyerCurrency|taxIncluded|order|site|shippedAt|carrier|service|key|remoteId|total)$/,
  /^lines\[\]\.(externalId|sku|listing|kind|quantity|unit|unitPrice|goods|discount|tax|taxRate|line|gift)$/,
  /^lines\[\]\.refunded(\.\w+)?$/,
  /^shipping(\.(method|amount|discount|tax|taxRate|refunded(\.\w+)?))?$/,
  /^charges\[\](\.(kind|amount|tax))?$/,
  /^payments\[\]\.(method|amount|at|state)$/,
  /^totals(\.\w+)?$/,
  /^(kind|phase|requestedAt|receivedAt|settledAt|respondBy|deliveredAt|shipBy|at|by|amount|freight|adjustment|fee)$/,
  /^(return|method|sku|unit|onHand|reserved|available|incoming|damaged|asOf|rate|packages|weight|volume)$/,
  /^(barcodes\[\]|brand|category|taxClass|taxRate|cod|sealed)$/,
  /^lines\[\]\.(amount|received|restock|weight|volume|shipBy|site|refundable|batch|cancelled(\.\w+)?|bundle(\.\w+)?)$/,
  /^components\[\](\.(kind|line|sku|quantity|amount|tax|restock|share))?$/,
  /^exchange\.(order|settlement|lines\[\](\.(externalId|sku|quantity|unitPrice|amount|tax))?)$/,
  /^discounts\[\](\.(kind|payer|amount))?$/,
  /^presale(\.\w+)?$/,
  /^shipping\.(carrier|service|mode)$/,
  /^(consigned\[\](\.quantity)?|listings\[\](\.(channel|externalId|variant|state))?)$/,
]

/** `path` with list indexes folded: `lines[].sku`. */
export function isPublicField(path: string): boolean {
  return PUBLIC.some((pattern) => pattern.test(path))
}
