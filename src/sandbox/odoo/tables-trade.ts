/** Field tables of sale, stock and invoicing. Names are those of 19; older names carry their last series. */

export const SALE = `
  name char index
  state selection:draft|sent|sale|cancel =draft
  locked boolean
  partner_id many2one:res.partner required index
  partner_invoice_id many2one:res.partner required
  partner_shipping_id many2one:res.partner required
  client_order_ref char index
  origin char index
  reference char
  date_order datetime required
  commitment_date datetime
  effective_date datetime computed
  pricelist_id many2one:product.pricelist
  currency_id many2one:res.currency required computed
  company_id many2one:res.company required
  user_id many2one:res.users
  warehouse_id many2one:stock.warehouse required
  picking_policy selection:direct|one =direct
  note html
  order_line one2many:sale.order.line:order_id
  amount_untaxed monetary computed
  amount_tax monetary computed
  amount_total monetary computed
  invoice_ids many2many:account.move virtual
  invoice_count integer virtual
  invoice_status char virtual
  picking_ids one2many:stock.picking:sale_id
  delivery_count integer virtual
  delivery_status selection:pending|started|partial|full virtual`

export const SALE_LINE = `
  order_id many2one:sale.order required index cascade
  sequence integer =10
  name text required
  product_id many2one:product.product index
  product_uom_qty float:qty required
  product_uom many2one:uom.uom 18-
  product_uom_id many2one:uom.uom 19+
  price_unit float:price required
  discount float:discount
  tax_id many2many:account.tax 18-
  tax_ids many2many:account.tax 19+
  display_type selection:line_section|line_subsection|line_note
  is_downpayment boolean
  customer_lead float
  price_subtotal monetary computed
  price_tax float computed
  price_total monetary computed
  currency_id many2one:res.currency virtual
  company_id many2one:res.company virtual
  order_partner_id many2one:res.partner virtual
  state selection:draft|sent|sale|cancel virtual
  qty_delivered float:qty virtual
  qty_invoiced float:qty virtual
  qty_to_invoice float:qty virtual
  move_ids one2many:stock.move:sale_line_id`

export const PICKING = `
  name char index
  state selection:draft|waiting|confirmed|assigned|done|cancel =draft computed
  origin char index
  partner_id many2one:res.partner index
  picking_type_id many2one:stock.picking.type required
  picking_type_code selection:incoming|outgoing|internal virtual
  location_id many2one:stock.location required
  location_dest_id many2one:stock.location required
  scheduled_date datetime
  date_done datetime computed
  move_ids one2many:stock.move:picking_id
  move_ids_without_package one2many:stock.move:picking_id 18-
  move_line_ids one2many:stock.move.line:picking_id
  backorder_id many2one:stock.picking index computed
  backorder_ids one2many:stock.picking:backorder_id
  return_id many2one:stock.picking index computed
  return_ids one2many:stock.picking:return_id
  sale_id many2one:sale.order index computed
  carrier_id many2one:delivery.carrier
  carrier_tracking_ref char
  weight float
  note html
  company_id many2one:res.company`

export const MOVE = `
  name char 18-
  product_id many2one:product.product required index
  product_uom_qty float:qty required
  product_uom many2one:uom.uom required
  quantity float:qty
  picked boolean
  state selection:draft|waiting|confirmed|partially_available|assigned|done|cancel =draft computed
  picking_id many2one:stock.picking index cascade
  location_id many2one:stock.location required
  location_dest_id many2one:stock.location required
  move_line_ids one2many:stock.move.line:move_id
  sale_line_id many2one:sale.order.line index
  origin_returned_move_id many2one:stock.move index
  returned_move_ids one2many:stock.move:origin_returned_move_id
  to_refund boolean =true
  origin char
  date datetime
  company_id many2one:res.company`

export const MOVE_LINE = `
  move_id many2one:stock.move index cascade
  picking_id many2one:stock.picking index cascade
  product_id many2one:product.product required
  product_uom_id many2one:uom.uom required
  quantity float:qty
  picked boolean
  lot_id many2one:stock.lot
  lot_name char
  location_id many2one:stock.location required
  location_dest_id many2one:stock.location required
  state selection:draft|waiting|confirmed|partially_available|assigned|done|cancel virtual
  date datetime
  company_id many2one:res.company`

export const LOT = `
  name char required index
  product_id many2one:product.product required
  company_id many2one:res.company`

export const QUANT = `
  product_id many2one:product.product required index
  location_id many2one:stock.location required
  warehouse_id many2one:stock.warehouse virtual
  lot_id many2one:stock.lot
  quantity float:qty computed
  reserved_quantity float:qty computed
  available_quantity float:qty virtual
  inventory_quantity float:qty
  inventory_quantity_set boolean
  in_date datetime computed
  product_uom_id many2one:uom.uom virtual
  company_id many2one:res.company`

export const WAREHOUSE = `
  name char required
  code char required index
  active boolean =true
  company_id many2one:res.company
  partner_id many2one:res.partner
  lot_stock_id many2one:stock.location required
  in_type_id many2one:stock.picking.type
  out_type_id many2one:stock.picking.type`

export const LOCATION = `
  name char required
  complete_name char virtual
  usage selection:supplier|view|internal|customer|inventory|production|transit =internal
  location_id many2one:stock.location index
  warehouse_id many2one:stock.warehouse virtual
  active boolean =true
  company_id many2one:res.company`

export const PICKING_TYPE = `
  name char required
  code selection:incoming|outgoing|internal required
  sequence_code char required
  warehouse_id many2one:stock.warehouse
  default_location_src_id many2one:stock.location required
  default_location_dest_id many2one:stock.location required
  return_picking_type_id many2one:stock.picking.type
  create_backorder selection:ask|always|never =ask
  active boolean =true
  company_id many2one:res.company`

export const CARRIER = `
  name char required
  active boolean =true
  company_id many2one:res.company`

export const BACKORDER_WIZARD = `
  pick_ids many2many:stock.picking`

export const RETURN_WIZARD = `
  picking_id many2one:stock.picking required
  product_return_moves one2many:stock.return.picking.line:wizard_id`

export const RETURN_WIZARD_LINE = `
  wizard_id many2one:stock.return.picking index cascade
  product_id many2one:product.product required
  quantity float:qty
  move_id many2one:stock.move
  to_refund boolean =true`

export const CANCEL_WIZARD = `
  order_id many2one:sale.order required cascade`

export const INVOICE_WIZARD = `
  advance_payment_method selection:delivered =delivered
  sale_order_ids many2many:sale.order`

export const REVERSAL_WIZARD = `
  move_ids many2many:account.move
  date date
  reason char
  journal_id many2one:account.journal
  new_move_ids many2many:account.move computed`

export const JOURNAL = `
  name char required
  code char required
  type selection:sale|purchase|bank|cash|general required`

export const INVOICE = `
  name char index
  ref char index
  state selection:draft|posted|cancel =draft computed
  move_type selection:entry|out_invoice|out_refund|in_invoice|in_refund =out_invoice
  payment_state selection:not_paid|in_payment|paid|partial|reversed =not_paid computed
  partner_id many2one:res.partner index
  journal_id many2one:account.journal
  date date
  invoice_date date
  invoice_date_due date
  invoice_origin char index
  currency_id many2one:res.currency required
  company_id many2one:res.company
  reversed_entry_id many2one:account.move index
  reversal_move_ids one2many:account.move:reversed_entry_id
  invoice_line_ids one2many:account.move.line:move_id
  amount_untaxed monetary computed
  amount_tax monetary computed
  amount_total monetary computed
  amount_residual monetary computed`

export const INVOICE_LINE = `
  move_id many2one:account.move required index cascade
  sequence integer =10
  name text
  product_id many2one:product.product
  product_uom_id many2one:uom.uom
  quantity float:qty
  price_unit float:price
  discount float:discount
  tax_ids many2many:account.tax
  display_type selection:product|line_section|line_note =product
  sale_line_ids many2many:sale.order.line
  price_subtotal monetary computed
  price_total monetary computed
  currency_id many2one:res.currency virtual`
