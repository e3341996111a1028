/**
 * `tributary webhooks` against the Shopify stand-in, as a shell runs it; a shop that switches subscriptions off
 * (WooCommerce's way); and a running process that notices what the platform forgot.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { loadConfig } from '../../src/runtime/config.ts'
import { webhookOperations } from '../../src/runtime/operations-webhooks.ts'
import { watchSubscriptions } from '../../src/runtime/subscription-watch.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'
import { openDesk } from '../support/desk.ts'
import { LEDGERS } from '../support/ledgers.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const PUBLIC = 'https://hooks.example.com/t'
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Ran {
  code: number | null
  out: string
}

function run(cwd: string, args: string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: { PATH: process.env.PATH, ...env },
    })
    let out = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    child.stderr.on('data', (chunk) => (out += chunk))
    child.on('error', reject)
    child.on('close', (code) => done({ code, out }))
  })
}

async function shopify() {
  const shop = await startShopify({ token: 'tok-example', secret: 's3cret-example' })
  closing.push(() => shop.close())
  const ask = async (query: string, variables: object = {}) => {
    const answer = await fetch(`${shop.url}/admin/api/2026-10/graphql.json`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Shopify-Access-Token': 'tok-example' },
      body: JSON.stringify({ query, variables }),
    })
    return ((await answer.json()) as { data: Record<string, never> }).data
  }
  const list = async (): Promise<{ id: string; topic: string; uri: string }[]> =>
    (
      (await ask('{ webhookSubscriptions(first: 50) { nodes { id topic uri } } }')) as never as {
        webhookSubscriptions: { nodes: never[] }
      }
    ).webhookSubscriptions.nodes
  /** As Shopify does after eight failures. */
  const drop = (id: string) =>
    ask('mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { userErrors { message } } }', { id })
  const add = (topic: string, uri: string) =>
    ask(
      `mutation($uri: String!) { webhookSubscriptionCreate(topic: ${topic}, webhookSubscription: { uri: $uri }) { userErrors { message } } }`,
      { uri },
    )
  return { url: shop.url, list, drop, add }
}

const folderOf = (url: string, more = ''): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-webhooks-'))
  closing.push(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, 'tributary.yaml'),
    `company: { zone: Asia/Shanghai, currency: CNY }
http: { publicUrl: ${PUBLIC} }
connections:
  web: { use: shopify, settings: { base: "${url}", token: "\${TOKEN}", secret: "\${SECRET}" }${more} }
  erp: { use: naive-erp, settings: { base: "http://127.0.0.1:9", token: "\${TOKEN}" } }
flows: { f: { shops: [web], erp: erp, from: 2026-01-01T00:00:00Z, mode: shadow } }
`,
  )
  return folder
}
const ENV = { TOKEN: 'tok-example', SECRET: 's3cret-example' }

describe('tributary webhooks against Shopify', () => {
  const TOPICS = ['orders-cancelled', 'orders-create', 'orders-edited', 'orders-updated', 'refunds-create']
  const OTHER = 'https://elsewhere.example.com/webhooks/web/orders-create'
  const by = 'ann'

  async function opened(url: string, own: { webhooks?: string[] } = {}) {
    const settings = { base: url, token: ENV.TOKEN, secret: ENV.SECRET }
    const config = {
      id: 'web',
      entity: 'main',
      settings,
      company: { zone: 'Asia/Shanghai', currency: 'CNY' },
    }
    const mapping = (name: string) => loadMapping(`mappings/shopify/${name}.yaml`)
    const web = await openConnection(await loadConnector('connectors/shopify'), config, mapping)
    closing.push(() => web.close())
    const connections = new Map([['web', web]])
    const context = { config: { http: { publicUrl: PUBLIC }, connections: { web: own } } }
    return webhookOperations({ connections, context } as never)
  }

  it('as a shell runs it: shows, registers what is missing, and tells no secret', async () => {
    const shop = await shopify()
    const cwd = folderOf(shop.url)
    const shown = await run(cwd, ['webhooks', 'sync', 'web', '--dry-run'], ENV)
    expect([shown.code, shown.out]).toEqual([
      4,
      expect.stringContaining('orders-edited     ORDERS_EDITED     not there  would be registered'),
    ])
    expect(await shop.list()).toEqual([])
    const made = await run(cwd, ['webhooks', 'sync', 'web'], ENV)
    expect([made.code, made.out]).toEqual([0, expect.stringContaining('all is as it should be')])
    expect(await shop.list()).toHaveLength(5)
    const json = await run(cwd, ['webhooks', 'show', 'web', '--json'], ENV)
    expect([json.code, JSON.parse(json.out)]).toMatchObject([0, { changed: false, wrong: 0 }])
    expect(shown.out + made.out + json.out).not.toMatch(/tok-example|s3cret-example/)
  }, 120_000)

  it('repairs and removes, once; leaves those of others alone', async () => {
    const shop = await shopify()
    const ops = await opened(shop.url)
    await shop.add('ORDERS_CREATE', OTHER)
    await ops.webhooksSync({ connection: 'web', by })
    const there = await shop.list()
    expect(there.map((s) => s.uri).sort()).toEqual([
      OTHER,
      ...TOPICS.map((t) => `${PUBLIC}/webhooks/web/${t}`),
    ])
    await ops.webhooksSync({ connection: 'web', by })
    expect(await shop.list()).toEqual(there)

    await shop.drop(there.find((s) => s.topic === 'ORDERS_UPDATED')!.id)
    await shop.add('ORDERS_CREATE', `${PUBLIC}/webhooks/web/of-old`)
    const mended = await ops.webhooksSync({ connection: 'web', by })
    expect(mended.wrong).toBe(0)
    expect(
      mended.subscriptions
        .filter((s) => s.does !== 'keep')
        .map((s) => [s.webhook, s.state, s.does, s.failed]),
    ).toEqual([
      ['orders-updated', 'missing', 'create', null],
      ['of-old', 'unwanted', 'remove', null],
    ])
    // it has no call that repairs: they are removed and made anew
    const renewed = await ops.webhooksSync({ connection: 'web', renew: true, by })
    expect([renewed.wrong, renewed.subscriptions.map((s) => s.does)]).toEqual([0, Array(5).fill('repair')])

    expect((await ops.webhooksSync({ connection: 'web', remove: true, by })).wrong).toBe(0)
    expect((await shop.list()).map((s) => s.uri)).toEqual([OTHER])
    // by name, the address of another installation can be cleared, too
    await ops.webhooksSync({ connection: 'web', remove: true, publicUrl: new URL(OTHER).origin, by })
    expect(await shop.list()).toEqual([])
  })

  it('wants what the configuration names', async () => {
    const shop = await shopify()
    const ops = await opened(shop.url, { webhooks: ['orders-create'] })
    await ops.webhooksSync({ connection: 'web', by })
    expect((await shop.list()).map((s) => s.topic)).toEqual(['ORDERS_CREATE'])
    const load = (more: string) => loadConfig(join(folderOf(shop.url, more), 'tributary.yaml'), ENV)
    expect(load(', webhooks: off').connections.web!.webhooks).toEqual([])
    expect(load('').http.publicUrl).toBe(PUBLIC)
    expect(() => load(', webhooks: [order-create]')).toThrow(
      /tributary\.yaml:4:\d+: connections\.web\.webhooks\.0 .*did you mean "orders-create"/,
    )
  })
})

interface Hook {
  id: number
  topic: string
  delivery_url: string
  status: string
  secret?: string
}

/** WooCommerce's REST API of webhooks, as far as it is used: its page of 100, statuses, force. */
async function wooCommerce() {
  const hooks: Hook[] = []
  let last = 0
  const refuse = { code: 'woocommerce_rest_cannot_create', message: 'Sorry', data: { status: 401 } }
  const shop = { hooks, mayWrite: true, url: '' }
  const server = createServer(async (req, res) => {
    const body = (await Array.fromAsync(req)).join('')
    const url = new URL(req.url!, 'http://x')
    const id = Number(/\/webhooks\/(\d+)$/.exec(url.pathname)?.[1])
    const answer = (status: number, value: unknown) => {
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    const shown = ({ secret: _, ...rest }: Hook) => rest
    if (req.method === 'GET') {
      const [page, size] = [Number(url.searchParams.get('page')), Number(url.searchParams.get('per_page'))]
      return answer(200, hooks.slice((page - 1) * size, page * size).map(shown))
    }
    if (!shop.mayWrite) return answer(401, refuse)
    if (req.method === 'POST') {
      hooks.push({ ...JSON.parse(body), id: ++last })
      return answer(201, shown(hooks.at(-1)!))
    }
    const at = hooks.findIndex((h) => h.id === id)
    if (at < 0)
      return answer(404, { code: 'woocommerce_rest_shop_webhook_invalid_id', message: 'Invalid ID.' })
    if (req.method === 'PUT') Object.assign(hooks[at]!, JSON.parse(body))
    else if (url.searchParams.get('force') !== 'true')
      return answer(501, { code: 'woocommerce_rest_trash_not_supported' })
    return answer(200, shown(req.method === 'PUT' ? hooks[at]! : hooks.splice(at, 1)[0]!))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  shop.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const open = async (settings: object = { webhookSecret: 'hook-example' }) => {
    const config = {
      id: 'woo',
      entity: 'main',
      settings: { base: shop.url, key: 'ck_example', secret: 'cs_example', ...settings },
      company: { zone: 'Europe/Berlin', currency: 'EUR' },
    }
    const mapping = (name: string) => loadMapping(`mappings/woocommerce/${name}.yaml`)
    const connection = await openConnection(await loadConnector('connectors/woocommerce'), config, mapping)
    closing.push(() => connection.close())
    const connections = new Map([['woo', connection]])
    const context = { config: { http: { publicUrl: PUBLIC } } }
    return { connection, connections, ops: webhookOperations({ connections, context } as never) }
  }
  return Object.assign(shop, { open })
}

describe('subscriptions of WooCommerce', () => {
  const by = 'ann'
  it('are switched on again with their secret; a list of more than a page is read to its end', async () => {
    const shop = await wooCommerce()
    for (let id = 1; id <= 150; id++)
      shop.hooks.push({
        id: 1000 + id,
        topic: 'order.created',
        delivery_url: `https://x.example/${id}`,
        status: 'active',
      })
    const { ops } = await shop.open()
    expect(await ops.webhooksSync({ connection: 'woo', by })).toMatchObject({ wrong: 0, changed: true })
    const mine = shop.hooks.filter((h) => h.delivery_url.startsWith(PUBLIC))
    expect(mine.map((h) => [h.topic, h.status, h.secret])).toEqual(
      ['created', 'updated', 'deleted', 'restored'].map((t) => [`order.${t}`, 'active', 'hook-example']),
    )
    mine[1]!.status = 'disabled'
    expect((await ops.webhooksShow({ connection: 'woo' })).wrong).toBe(1)
    const repaired = await ops.webhooksSync({ connection: 'woo', by })
    expect(repaired.subscriptions.map((s) => s.does)).toEqual(['keep', 'repair', 'keep', 'keep'])
    expect(mine[1]).toMatchObject({ status: 'active', secret: 'hook-example' })

    const other = await shop.open({ webhookSecret: 'new-example' })
    await other.ops.webhooksSync({ connection: 'woo', renew: true, by })
    expect(new Set(mine.map((h) => h.secret))).toEqual(new Set(['new-example']))
    expect(shop.hooks).toHaveLength(154)
    await other.ops.webhooksSync({ connection: 'woo', remove: true, by })
    expect(shop.hooks).toHaveLength(150)
  })

  it('are not made without a secret; a key that may only read is said in each line', async () => {
    const shop = await wooCommerce()
    const bare = await shop.open({})
    await expect(bare.ops.webhooksSync({ connection: 'woo', by })).rejects.toMatchObject({
      code: 'WEBHOOK_SECRET_MISSING',
    })
    shop.mayWrite = false
    const { ops } = await shop.open()
    const report = await ops.webhooksSync({ connection: 'woo', by })
    expect(report.wrong).toBe(4)
    expect(report.subscriptions.map((s) => s.failed?.code)).toEqual(Array(4).fill('CONNECTOR_DENIED'))
    expect(JSON.stringify(report)).not.toContain('example"')
    for (const publicUrl of ['hooks.example.com', 'https://user:p@x.example', 'https://x.example/?a=b'])
      await expect(ops.webhooksShow({ connection: 'woo', publicUrl })).rejects.toMatchObject({
        code: 'RUNTIME_REQUEST',
      })
  })

  it('that the shop switched off or lost are noticed, and that they are back', async () => {
    const shop = await wooCommerce()
    const { connections, ops } = await shop.open()
    const desk = await openDesk(LEDGERS[0]!)
    closing.push(() => desk.ledger.close())
    await ops.webhooksSync({ connection: 'woo', by })
    const flows = { f: { shops: ['woo'], erp: 'nc', mode: 'live' } }
    const config = { http: { publicUrl: PUBLIC as string | undefined }, connections: { woo: {} }, flows }
    const logged: unknown[] = []
    const watch = watchSubscriptions({
      db: desk.db,
      now: () => ({ config, connections }) as never,
      log: (...line) => logged.push(line),
      every: 0,
    })
    closing.push(() => watch.stop())
    const looked = async () => {
      watch.troubles()
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 100))
      return watch.troubles()
    }
    expect(await looked()).toEqual([])
    shop.hooks[0]!.status = 'disabled'
    shop.hooks.splice(2, 1)
    await looked()
    expect(await looked()).toEqual([
      { connection: 'woo', wanted: 4, missing: ['order-deleted'], disabled: ['order-created'] },
    ])
    await ops.webhooksSync({ connection: 'woo', by })
    await looked()
    expect(await looked()).toEqual([])
    expect(logged).toEqual([])
    // without an address nothing is wanted
    config.http.publicUrl = undefined
    shop.hooks.splice(0)
    await looked()
    expect(await looked()).toEqual([])
  }, 60_000)
})
