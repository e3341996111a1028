// biome-ignore-all lint/suspicious/noExplicitAny: JSON answers are looked at as any script would
/** `tributary check` between two stand-ins: what it says is what the sandboxes hold. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startNaiveErp } from '../../src/sandbox/naive-erp/server.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'
import { startYonyouNc } from '../../src/sandbox/yonyou-nc/server.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tributary-check-'))
const ORDERS = 40
let shop: { url: string; close(): Promise<void> }
let naive: { url: string; close(): Promise<void> }
let nc: { url: string; close(): Promise<void> }

beforeAll(async () => {
  shop = await startShopify({ token: 'shpat_check', secret: 'check-secret' })
  naive = await startNaiveErp({ token: 'erp-check', lag: [0, 0], lateRate: 0 })
  nc = await startYonyouNc({ account: 'develop', group: '0001', senders: ['tributary'] })
  const made = await fetch(`${shop.url}/_sandbox/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ count: ORDERS, seed: 7, rate: 0, hard: true }),
  })
  expect(made.ok).toBe(true)
})
afterAll(async () => {
  await Promise.all([shop.close(), naive.close(), nc.close()])
  rmSync(folder, { recursive: true, force: true })
})

/** `erp`: the connection's text. */
async function check(erp: string, args: string[] = [], token = 'shpat_check', from = '2020-01-01T00:00:00Z') {
  const file = join(folder, 'tributary.yaml')
  writeFileSync(
    file,
    `company: { zone: Asia/Shanghai, currency: CNY }
connections:
  web: { use: shopify, settings: { base: "${shop.url}", token: "\${SHOP_TOKEN}", secret: plain-secret } }
  erp: ${erp}
flows:
  web-orders: { shops: [web], erp: erp, from: ${from}, mode: shadow }
`,
  )
  const child = spawn(process.execPath, [MAIN, '--config', file, 'check', ...args], {
    env: { PATH: process.env.PATH, SHOP_TOKEN: token },
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const code = await new Promise((done) => child.on('close', done))
  return { code, out, err }
}

const naiveErp = () => `{ use: naive-erp, settings: { base: "${naive.url}", token: erp-check } }`
const yonyouNc = (sender = 'tributary') => `
    use: yonyou-nc
    codes: { rate: { CNY: "1" } }
    settings: { base: "${nc.url}", account: develop, group: "0001", sender: ${sender}, pkOrg: "0001", bizType: SO01, customer: WEB, dept: D01, taxCode: CN001 }`

const documents = async () => {
  const all = (await (await fetch(`${naive.url}/_sandbox/documents`)).json()) as any
  return (Array.isArray(all) ? all : all.documents) as any[]
}

describe('check', () => {
  test('asks each system, counts what the first run would do, warns of a plain secret, writes nothing', async () => {
    const ran = await check(naiveErp(), ['--json'])
    expect(ran.err).toBe('')
    const answer = JSON.parse(ran.out)
    expect(ran.code).toBe(0)
    expect(answer.connections.map((c: any) => [c.connection, c.ok])).toEqual([
      ['web', true],
      ['erp', true],
    ])
    const [flow] = answer.flows
    const not = Object.values(flow.not as Record<string, number>).reduce((a, b) => a + b, 0)
    const parked = Object.values(flow.parked as Record<string, number>).reduce((a, b) => a + b, 0)
    expect(flow.orders).toBe(ORDERS)
    expect(flow.push).toBeGreaterThan(ORDERS / 2)
    expect(flow.push + not + parked).toBe(flow.orders)
    expect(answer.config.warnings.map((w: any) => w.code)).toEqual(['SECRET_IN_FILE', 'SECRET_IN_FILE'])
    expect(ran.out).not.toContain('plain-secret')
    expect(await documents()).toEqual([])
  })

  test('orders before from: are history, and the limit is told', async () => {
    const later = new Date(Date.now() + 3_600_000).toISOString()
    const future = JSON.parse((await check(naiveErp(), ['--json'], 'shpat_check', later)).out)
    expect(future.flows[0]).toMatchObject({ orders: 0, push: 0 })
    const few = await check(naiveErp(), ['--most', '5'])
    expect(few.out).toContain('5+ orders read')
  })

  test('a wrong token is said in words, exit code 1, the others are still asked', async () => {
    const ran = await check(naiveErp(), [], 'wrong-token')
    expect(ran.code).toBe(1)
    expect(ran.out).toMatch(/✗ web: /)
    expect(ran.out).toMatch(/✓ erp: /)
    expect(ran.out + ran.err).not.toContain('wrong-token')
  })

  test('a wrong token of the ERP is found before the first order', async () => {
    const [good, bad] = [await check(naiveErp()), await check(naiveErp().replace('erp-check', 'guessed'))]
    expect(good.out).toMatch(/✓ erp: .*takes the token/)
    expect([bad.code, bad.out]).toEqual([1, expect.stringMatching(/✗ erp: .*401/)])
    expect(await documents()).toEqual([])
  })

  test('NC is asked by a bill of an unknown type; an unknown sender is explained', async () => {
    const good = await check(yonyouNc())
    expect(good.out).toMatch(/✓ erp: /)
    const bad = await check(yonyouNc('stranger'))
    expect([bad.code, bad.out]).toEqual([1, expect.stringMatching(/✗ erp: .*sender/)])
  })

  test('--send-sample writes one marked bill', async () => {
    const ran = await check(naiveErp(), ['--send-sample', '--sku', 'TEA-1', '--json'])
    expect(ran.code).toBe(0)
    const { sample } = JSON.parse(ran.out)
    const held = await documents()
    expect(held).toHaveLength(1)
    expect(held[0]).toMatchObject({ number: sample.number, state: 'confirmed', currency: 'CNY' })
    expect(sample.outcome).toMatchObject({ kind: 'done', remote: { state: 'final' } })
    const toNc = await check(yonyouNc(), ['--send-sample', 'erp', '--sku', 'NO-SUCH-MATERIAL'])
    expect(toNc.code).toBe(1)
    expect(toNc.out).toMatch(/✗ sample bill SAMPLE-\d+/)
  })
})
