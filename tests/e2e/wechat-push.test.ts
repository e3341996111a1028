// biome-ignore-all lint/suspicious/noExplicitAny: JSON answers are looked at as any script would
/** A WeChat shop tries the address, then pushes an order: `tributary start` gives the echo back and the ERP has the order. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startNaiveErp } from '../../src/sandbox/naive-erp/server.ts'
import { APP, startWechat, wechatOrders } from '../support/wechat-shop.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tributary-wechat-'))
const TOKEN = 'example-token'
const AES = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'
let shop: Awaited<ReturnType<typeof startWechat>>
let erp: { url: string; close(): Promise<void> }
let tributary: ChildProcess
let url = ''

beforeAll(async () => {
  shop = await startWechat()
  erp = await startNaiveErp({ token: 'erp-wechat', lag: [0, 0], lateRate: 0 })
  writeFileSync(
    join(folder, 'tributary.yaml'),
    `company: { zone: Asia/Shanghai, currency: CNY }
connections:
  wx:
    use: wechat-shop
    settings:
      base: "${shop.url}"
      appId: ${APP.appId}
      appSecret: "\${SECRET}"
      callbackToken: "\${TOKEN}"
      encodingAesKey: "\${AES}"
  erp: { use: naive-erp, settings: { base: "${erp.url}", token: erp-wechat } }
flows:
  orders: { shops: [wx], erp: erp, from: 2020-01-01T00:00:00Z, mode: live, every: "0 0 3 1 1 *" }
`,
  )
  const env = { PATH: process.env.PATH, SECRET: APP.appSecret, TOKEN, AES }
  tributary = spawn(process.execPath, [MAIN, 'start', '--port', '0', '--json'], { cwd: folder, env })
  let out = ''
  for await (const chunk of tributary.stdout!) {
    out += chunk
    if (out.includes('}')) break
  }
  url = `${JSON.parse(out).url}/webhooks/wx/push`
}, 60_000)
afterAll(async () => {
  const ended = new Promise((done) => tributary.on('close', done))
  tributary.kill('SIGTERM')
  await ended
  await Promise.all([shop.close(), erp.close()])
  rmSync(folder, { recursive: true, force: true })
})

const sha1 = (...parts: string[]) => createHash('sha1').update(parts.sort().join('')).digest('hex')

function seal(message: object): string {
  const key = Buffer.from(`${AES}=`, 'base64')
  const text = Buffer.from(JSON.stringify(message))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  const plain = Buffer.concat([randomBytes(16), length, text, Buffer.from(APP.appId)])
  const pad = 32 - (plain.length % 32)
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  const sealed = [cipher.update(Buffer.concat([plain, Buffer.alloc(pad, pad)])), cipher.final()]
  return Buffer.concat(sealed).toString('base64')
}

test('the echo is given back; a pushed order reaches the ERP', async () => {
  const query = { signature: sha1(TOKEN, '1', '2'), timestamp: '1', nonce: '2', echostr: 'hello 1' }
  const echo = await fetch(`${url}?${new URLSearchParams(query)}`)
  expect([echo.status, await echo.text()]).toEqual([200, 'hello 1'])
  const stranger = await fetch(`${url}?${new URLSearchParams({ ...query, signature: 'x' })}`)
  expect(stranger.status).toBe(401)

  shop.orders.push(...wechatOrders(1))
  const [order] = shop.orders
  const Encrypt = seal({ Event: 'channels_ec_order_pay', order_info: { order_id: order.order_id } })
  const proof = { timestamp: '3', nonce: '4', msg_signature: sha1(TOKEN, '3', '4', Encrypt) }
  const body = JSON.stringify({ ToUserName: 'gh_example', Encrypt })
  const pushed = await fetch(`${url}?${new URLSearchParams(proof)}`, { method: 'POST', body })
  expect([pushed.status, await pushed.text()]).toEqual([200, 'success'])

  const documents = async () => {
    const held = (await (await fetch(`${erp.url}/_sandbox/documents`)).json()) as any
    return (held.documents ?? held) as any[]
  }
  await expect
    .poll(async () => (await documents()).map((d) => d.state), { timeout: 30_000 })
    .toEqual(['confirmed'])
  expect(JSON.stringify(await documents())).toContain(order.order_id)
}, 60_000)
