/** Field tables of the masters. Names are those of 19; older names carry their last series. */

export const PARTNER = `
  name char required
  ref char index
  parent_id many2one:res.partner index
  child_ids one2many:res.partner:parent_id
  type selection:contact|invoice|delivery|other =contact
  is_company boolean
  active boolean =true
  email char index
  phone char index
  mobile char 18-
  street char
  street2 char
  city char
  zip char
  state_id many2one:res.country.state
  country_id many2one:res.country
  vat char
  lang char
  comment html
  company_id many2one:res.company
  customer_rank integer
  supplier_rank integer
  property_product_pricelist many2one:product.pricelist`

export const COUNTRY = `
  name char required
  code char required index`

export const COUNTRY_STATE = `
  name char required
  code char required
  country_id many2one:res.country required`

export const COMPANY = `
  name char required
  currency_id many2one:res.currency required
  partner_id many2one:res.partner`

export const USER = `
  name char required
  login char required index
  partner_id many2one:res.partner
  company_id many2one:res.company
  tz char
  active boolean =true`

export const CURRENCY = `
  name char required index
  full_name char
  symbol char
  rounding float
  decimal_places integer
  active boolean =true`

export const UOM = `
  name char required
  factor float
  rounding float
  active boolean =true`

export const PRICELIST = `
  name char required
  currency_id many2one:res.currency required index
  company_id many2one:res.company
  sequence integer =16
  active boolean =true`

export const PRODUCT = `
  name char required
  default_code char index
  barcode char index
  active boolean =true
  sale_ok boolean =true
  purchase_ok boolean =true
  type selection:consu|service|product =consu 17-
  detailed_type selection:consu|service|product =consu 17-
  type selection:consu|service|combo =consu 18+
  is_storable boolean 18+
  tracking selection:none|lot|serial =none
  lst_price float:price
  standard_price float:price
  uom_id many2one:uom.uom required
  taxes_id many2many:account.tax
  invoice_policy selection:order|delivery =order
  weight float
  volume float
  company_id many2one:res.company
  currency_id many2one:res.currency virtual
  qty_available float:qty virtual
  free_qty float:qty virtual
  virtual_available float:qty virtual
  incoming_qty float:qty virtual
  outgoing_qty float:qty virtual`

export const TAX = `
  name char required
  type_tax_use selection:sale|purchase|none =sale
  amount_type selection:percent|fixed =percent
  amount float
  price_include boolean 17-
  price_include_override selection:tax_included|tax_excluded 18+
  price_include boolean virtual 18+
  sequence integer =1
  active boolean =true
  company_id many2one:res.company`

export const DATA = `
  module char required
  name char required
  complete_name char index computed
  model char required
  res_id integer
  res_key char index computed
  noupdate boolean`
