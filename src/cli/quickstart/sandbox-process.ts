/**
 * One of the quickstart's stand-ins: `node sandbox-process.ts <name> <options as JSON>`. Beside `tributary sandbox` because
 * loading all commands takes longer than starting a sandbox. Prints its address in one line; ends when its standard
 * input does, as that means that whoever started it is gone.
 */

const STARTS = {
  shopify: async (o: never) => (await import('../../sandbox/shopify/server.ts')).startShopify(o),
  taobao: async (o: never) => (await import('../../sandbox/taobao/server.ts')).startTaobao(o),
  'yonyou-nc': async (o: never) => (await import('../../sandbox/yonyou-nc/server.ts')).startYonyouNc(o),
  'naive-erp': async (o: never) => (await import('../../sandbox/naive-erp/server.ts')).startNaiveErp(o),
}

/** Which there are. */
export type StandIn = keyof typeof STARTS

const [name = '', options = '{}'] = process.argv.slice(2)
const running = await STARTS[name as StandIn](JSON.parse(options) as never)
// a terminal's Ctrl-C reaches us too: whoever started us still has to look at what we hold
process.on('SIGINT', () => undefined)
const close = () => void running.close().then(() => process.exit())
process.once('SIGTERM', close)
process.stdin.once('end', close).resume()
process.stdout.write(`${running.url}\n`)
