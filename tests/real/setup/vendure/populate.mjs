// Creates the schema and fills an empty database: countries, zones, taxes, shipping, payment, products.
import { createRequire } from 'node:module'
import path from 'node:path'
import { config } from './config.mjs'

const require = createRequire(import.meta.url)
const {
  bootstrap,
  RequestContextService,
  ChannelService,
  LanguageCode,
  CurrencyCode,
} = require('@vendure/core')
const { populate } = require('@vendure/core/cli')

const base = config()
base.dbConnectionOptions.synchronize = true
const country = (code, name, zone = 'Europe') => ({ code, name, zone })
const payment = (name, settle) => ({
  name,
  handler: { code: 'dummy-payment-handler', arguments: [{ name: 'automaticSettle', value: settle }] },
})
const initialData = {
  defaultLanguage: LanguageCode.en,
  defaultZone: 'Europe',
  countries: [country('DE', 'Germany'), country('FR', 'France'), country('NL', 'Netherlands')],
  taxRates: [
    { name: 'Standard', percentage: 19 },
    { name: 'Reduced', percentage: 7 },
    { name: 'Zero', percentage: 0 },
  ],
  shippingMethods: [
    { name: 'Standard Shipping', price: 490, taxRate: 19 },
    { name: 'Express Shipping', price: 1490, taxRate: 19 },
  ],
  paymentMethods: [payment('Dummy card', 'true'), payment('Dummy invoice', 'false')],
  collections: [],
}

// The default channel starts in USD with net prices; this shop sells in euro, prices entered with tax.
async function start() {
  const app = await bootstrap(base)
  const context = await app.get(RequestContextService).create({ apiType: 'admin' })
  const channels = app.get(ChannelService)
  const channel = await channels.getDefaultChannel(context)
  await channels.update(context, {
    id: channel.id,
    defaultCurrencyCode: CurrencyCode.EUR,
    availableCurrencyCodes: [CurrencyCode.EUR],
    pricesIncludeTax: true,
  })
  return app
}

const app = await populate(start, initialData, path.resolve('products.csv'))
await app.close()
console.log('populated')
