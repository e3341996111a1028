/**
 * What a stand-in must be given and a person trying it out need not care about, by sandbox and option: identities and
 * secrets that protect nothing. The quickstart's configuration says the same.
 */
export const SANDBOX_DEFAULTS = Object.freeze({
  shopify: { token: 'shpat_sandbox', secret: 'sandbox-secret' },
  taobao: { appKey: '12345678', appSecret: 'sandbox-secret', session: 'sandbox-session' },
  pinduoduo: { clientId: 'sandbox-client', clientSecret: 'sandbox-secret', accessToken: 'sandbox-token' },
  lumavega: {
    appKey: '10020030',
    appSecret: 'sandbox-app-secret',
    session: 'sandbox-session',
    hookSecret: 'sandbox-hook-secret',
  },
  douyin: { appKey: '3456789012345678901', appSecret: 'sandbox-secret', shopId: '4463798' },
  'yonyou-nc': { account: 'develop', group: '0001', senders: 'tributary' },
  'nc-cloud': { clientId: 'tributary', clientSecret: 'sandbox-secret', bizCenters: 'develop' },
  'naive-erp': { token: 'naive-sandbox' },
  odoo: { apiKey: 'odoo-sandbox' },
  qimen: { appKey: '12345678', secret: 'sandbox-secret', customerId: 'c1234567890' },
})
