/** Sandbox Douyin shops for a test: started, filled, called, and closed again. */
import type { DouyinOptions } from '../../src/sandbox/douyin/options.ts'
import { type Running, startDouyin } from '../../src/sandbox/douyin/server.ts'
import { type Any, type Asked, call, control, KEY, SECRET, SHOP, tokenOf } from './douyin-client.ts'

export const HOUR = 3600
export const nowSeconds = () => Math.floor(Date.now() / 1000)
/** Parameters of `order.searchList` that find everything, newest change first. */
export const ALL = { page: 0, size: 100, update_time_start: nowSeconds() - HOUR, order_by: 'update_time' }
/** Code and sub-code of a refusal. */
export const subCode = (answer: Any): string => `${answer.code} ${answer.sub_code}`

/** The shops of one test file; call `close` after each test. */
export function douyinShops() {
  const running: Running[] = []

  async function start(options: Partial<DouyinOptions> = {}): Promise<Running> {
    const shop = await startDouyin({ appKey: KEY, appSecret: SECRET, shopId: SHOP, ...options })
    running.push(shop)
    return shop
  }

  return {
    start,
    /** A shop with orders and a token; `ask` calls it, `held` reads its orders raw. */
    async open(count: number, options: Partial<DouyinOptions> = {}, more: object = {}) {
      const { url } = await start(options)
      if (count > 0) await control(url, 'orders', { count, seed: 5, hard: true, ...more })
      const token = await tokenOf(url)
      const ask = (method: string, params: object, asked: Asked = {}) =>
        call(url, method, params, { token, ...asked })
      const held = async (): Promise<Any[]> => (await control(url, 'orders')).body
      return { url, token, ask, held }
    },
    async close(): Promise<void> {
      for (const shop of running.splice(0)) await shop.close()
    },
  }
}
