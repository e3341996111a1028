/**
 * A sandbox as a process of its own: `node sandbox-process.ts <name> <options as JSON>`. Prints its address
 * in one line, and goes on until it is killed.
 */
import { startNaiveErp } from '../../src/sandbox/naive-erp/server.ts'
import { startOdoo } from '../../src/sandbox/odoo/server.ts'
import { startQimen } from '../../src/sandbox/qimen/server.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'
import { startTaobao } from '../../src/sandbox/taobao/server.ts'
import { startYonyouNc } from '../../src/sandbox/yonyou-nc/server.ts'

const STARTS: Record<string, (options: never) => Promise<{ url: string }>> = {
  shopify: startShopify,
  taobao: startTaobao,
  'yonyou-nc': startYonyouNc,
  'naive-erp': startNaiveErp,
  odoo: startOdoo,
  qimen: startQimen,
}

const [name = '', options = '{}'] = process.argv.slice(2)
const start = STARTS[name]
if (!start) throw new Error(`no sandbox ${name}`)
const { url } = await start(JSON.parse(options) as never)
console.log(url)
