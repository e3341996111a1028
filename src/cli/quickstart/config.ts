/** The quickstart's tributary.yaml: written to its data folder, so that the other commands can be tried on it. */
import type { ShopUrls } from './shops.ts'

export interface QuickstartPlaces {
  data: string
  port: number
  shops: ShopUrls
  erp: string
  /** The flow's first instant of payment, RFC 3339. */
  from: string
  erpKind: 'yonyou-nc' | 'naive-erp'
}

/** Order currency → company currency, for the rows of NC bills. */
const RATES = '{ CNY: "1", USD: "7.1", EUR: "7.8", JPY: "0.048", KWD: "23.1" }'

/** Identities and secrets of the stand-ins, as `tributary sandbox` has them too; they protect nothing. */
export const ACCESS = Object.freeze({
  shopify: { token: 'shpat_sandbox', secret: 'sandbox-secret' },
  taobao: { appKey: '12345678', appSecret: 'sandbox-secret', session: 'sandbox-session' },
  'yonyou-nc': { account: 'develop', group: '0001', senders: 'tributary' },
  'naive-erp': { token: 'naive-sandbox' },
})

const { shopify, taobao } = ACCESS

/** The text of the file. examples/quickstart/tributary.yaml is the same for addresses that stay (a test says so). */
export function quickstartConfig(at: QuickstartPlaces): string {
  return `# Two sandbox shops and a sandbox ERP, all on this machine. \`tributary start\` without a configuration starts them and
# writes this file; how to start them one by one is said in docs/guide/sandboxes.md. Secrets of real
# systems are written as \${NAME} and stand in the environment; these protect nothing.
company:
  zone: Asia/Shanghai
  currency: CNY
  entities: { main: { name: Example Trading } }
storage: { data: ${JSON.stringify(at.data)} } # the ledger is an embedded PostgreSQL in this folder
http: { port: ${at.port} }
log: { level: error }

connections:
${shopConnections(at.shops)}  erp:
${at.erpKind === 'yonyou-nc' ? nc(at.erp) : naive(at.erp)}
flows:
  # Orders of both shops into one ERP. What was paid before \`from\` is history and is never pushed; a real flow is kept in
  # shadow first.
  web-orders:
    shops: [shopify, taobao]
    erp: erp
    from: ${at.from}
    mode: live
    every: "*/2 * * * * *"
`
}

function shopConnections(at: ShopUrls): string {
  return `  # Tells us of every order by a signed webhook, and is asked besides: what webhooks lose, polls find.
  shopify:
    use: shopify
    settings: { base: "${at.shopify}", token: ${shopify.token}, secret: ${shopify.secret} }
    poll: { order: { lag: 1s, overlap: 5s } }
  # Is asked only. Its receivers are masked: what the platform gives instead of a name and an address (the OAID) goes
  # into the ERP to the letter, so that a parcel can be booked by it.
  taobao:
    use: taobao
    settings:
      base: "${at.taobao}"
      appKey: "${taobao.appKey}"
      appSecret: ${taobao.appSecret}
      session: ${taobao.session}
    # A real shop's list lags behind: leave the connector's minute there.
    poll: { order: { lag: 1s, overlap: 2s } }
`
}

function nc(base: string): string {
  const { account, group, senders } = ACCESS['yonyou-nc']
  return `    use: yonyou-nc
    settings:
      base: "${base}"
      account: ${account}
      group: "${group}"
      sender: ${senders}
      charset: GBK
      pkOrg: "0001"
      bizType: SO01
      customer: WEB
      dept: D01
      taxCode: CN001
    # What one unit of an order's currency is worth in the company's.
    codes: { rate: ${RATES} }
`
}

function naive(base: string): string {
  return `    use: naive-erp
    # its finds lag by up to 2 s and its writes by up to 1 s more
    settings: { base: "${base}", token: ${ACCESS['naive-erp'].token}, settle: 4s }
`
}
