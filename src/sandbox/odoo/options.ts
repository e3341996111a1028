/** What a sandbox Odoo can be told at start, as types and as data for the command line. */

/** The release series: field names, error texts and the JSON-2 interface (19 and later) depend on it. */
export type Series = 17 | 18 | 19

/**
 * How the older RPC services answer: `on`; `off`: switched off by a parameter, which JSON-RPC says as error
 * code 404 inside a 200; `gone`: the routes do not exist, HTTP 404.
 */
export type RpcServices = 'on' | 'off' | 'gone'

export interface OdooOptions {
  /** 0 or absent: the operating system chooses. */
  port?: number
  /** Path of the append-only log; without one nothing outlives the process. */
  log?: string
  /** The API key: bearer token of JSON-2, password of the RPC services. */
  apiKey: string
  /** Login name of the user whose key it is. Default api@example.com. */
  login?: string
  /** Databases of this server; the first one holds the data. Two and more: JSON-2 needs X-Odoo-Database. */
  databases?: readonly string[]
  /** Default 19. */
  series?: number
  /** Default on. */
  rpc?: RpcServices
  /** Company currency. Default CNY. */
  currency?: string
  /** Active currencies, each with a pricelist of its own. Default: those that the sandbox shop sells in. */
  currencies?: readonly string[]
  /** Internal references of the products. Default: the sandbox catalogue, SHIPPING and CHARGE. */
  products?: readonly string[]
  /** Percentages of the sale taxes, each once added to prices and once contained in them. */
  taxes?: readonly string[]
  /** Codes of the warehouses. Default WH. */
  warehouses?: readonly string[]
  /** Pieces on hand of every product in each warehouse at the first start. Default 100000. */
  stock?: number
  /** round_per_line (default) or round_globally. */
  rounding?: string
  /** Digits of unit prices (series 17 and 18 round what is written) and of discounts. Default 2. */
  priceDigits?: number
  discountDigits?: number
  /** The user's time zone, in which `load` reads instants. Default UTC. */
  zone?: string
  /** More fields, as Studio makes them: `sale.order.line.x_ref:char`. */
  extraFields?: readonly string[]
  /** Seed of the faults. Default 1. */
  seed?: number
}

/** An option as the command line offers it. */
interface OptionText {
  type: 'string' | 'number' | 'list'
  default?: string | number
  description: string
}

export const DEFAULT_CURRENCIES = Object.freeze(['CNY', 'USD', 'EUR', 'JPY', 'KWD'])
export const DEFAULT_TAXES = Object.freeze(['0', '5', '6', '7', '8', '8.25', '9', '10', '13', '19', '20'])

/** The options by name, for `--help`; the names are the fields of `OdooOptions`. */
export const ODOO_OPTIONS: Readonly<Record<keyof OdooOptions, OptionText>> = Object.freeze({
  port: { type: 'number', default: 0, description: 'Port; 0 lets the operating system choose' },
  log: { type: 'string', description: 'Append-only log file; replayed at start' },
  apiKey: { type: 'string', description: 'API key: bearer token and RPC password' },
  login: { type: 'string', default: 'api@example.com', description: 'Login name for the RPC services' },
  databases: { type: 'list', default: 'odoo', description: 'Databases; several: JSON-2 needs the header' },
  series: { type: 'number', default: 19, description: 'Release series: 17, 18 or 19' },
  rpc: {
    type: 'string',
    default: 'on',
    description: 'RPC services: on, off (in-band 404) or gone (HTTP 404)',
  },
  currency: { type: 'string', default: 'CNY', description: 'Company currency' },
  currencies: { type: 'list', default: DEFAULT_CURRENCIES.join(','), description: 'Active currencies' },
  products: { type: 'list', description: 'Internal references; default: the sandbox catalogue' },
  taxes: { type: 'list', default: DEFAULT_TAXES.join(','), description: 'Sale taxes, percent' },
  warehouses: { type: 'list', default: 'WH', description: 'Codes of the warehouses' },
  stock: { type: 'number', default: 100_000, description: 'Pieces on hand of every product at first' },
  rounding: { type: 'string', default: 'round_per_line', description: 'round_per_line or round_globally' },
  priceDigits: { type: 'number', default: 2, description: 'Digits of unit prices (17 and 18)' },
  discountDigits: { type: 'number', default: 2, description: 'Digits of discounts' },
  zone: { type: 'string', default: 'UTC', description: "The user's time zone, for load" },
  extraFields: { type: 'list', description: 'More fields: sale.order.line.x_ref:char' },
  seed: { type: 'number', default: 1, description: 'Seed of the faults' },
})
