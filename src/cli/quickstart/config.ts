/** The quickstart's tributary.yaml: written to its data folder, so that the other commands can be tried on it. */

export interface QuickstartPlaces {
  data: string
  port: number
  shop: string
  erp: string
  erpKind: 'yonyou-nc' | 'naive-erp'
}

/** Credentials of the stand-ins; they protect nothing. */
export const SANDBOX = {
  token: 'shpat_quickstart',
  secret: 'quickstart-secret',
  erpToken: 'naive-quickstart',
} as const

/** Order currency → company currency, for the rows of NC bills. */
const RATES = { CNY: '1', USD: '7.1', EUR: '7.8', JPY: '0.048', KWD: '23.1' }

export function quickstartConfig(at: QuickstartPlaces): string {
  return `# Written by \`tributary start\`: a sandbox shop and a sandbox ERP, both on this machine.
company:
  zone: Asia/Shanghai
  currency: CNY
  entities: { main: { name: Example Trading } }
storage: { data: ${JSON.stringify(at.data)} }
http: { port: ${at.port} }
log: { level: error }
connections:
  shop:
    use: shopify
    settings: { base: "${at.shop}", token: ${SANDBOX.token}, secret: ${SANDBOX.secret} }
    poll: { order: { lag: 1s, overlap: 5s } }
  erp:
${at.erpKind === 'yonyou-nc' ? nc(at.erp) : naive(at.erp)}
flows:
  web-orders:
    shops: [shop]
    erp: erp
    from: 2020-01-01T00:00:00Z
    mode: live
    every: "*/5 * * * * *"
`
}

function nc(base: string): string {
  return `    use: yonyou-nc
    settings:
      base: "${base}"
      account: develop
      group: "0001"
      sender: tributary
      charset: GBK
      pkOrg: "0001"
      bizType: SO01
      customer: WEB
      dept: D01
      taxCode: CN001
    codes: { rate: ${JSON.stringify(RATES)} }`
}

function naive(base: string): string {
  return `    use: naive-erp
    # its finds lag by up to 2 s and its writes by up to 1 s more
    settings: { base: "${base}", token: ${SANDBOX.erpToken}, settle: 4s }`
}
