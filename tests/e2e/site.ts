/**
 * A project folder and the product as processes of its own on it: `tributary start`, or `serve` and `work` on a
 * PostgreSQL, between sandboxes of a shop and of ERPs in this process.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KNOWN_SKUS } from '../../src/sandbox/generate/catalogue.ts'
import { startNaiveErp } from '../../src/sandbox/naive-erp/server.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'
import { freePort } from '../support/free-port.ts'
import { tell } from './stage.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
export const ERP_TOKEN = 'erp-token-of-the-site'
export const SECRETS = { SHOP_TOKEN: 'shpat_site', SHOP_SECRET: 'site-webhook-secret', ERP_TOKEN }

/** What a command answered. */
export interface Ran {
  code: number | null
  out: string
  err: string
}

/** A long-running command. */
export interface Process {
  pid: number
  url: string | null
  log(): string
  /** Resolves with the exit code, or the signal that ended it. */
  ended: Promise<number | string>
  end(signal: NodeJS.Signals): Promise<number | string>
}

export interface NaiveDocument {
  reference: string
  source: string
  number: string
  state: string
  [field: string]: unknown
}

export interface Site {
  folder: string
  /** Where webhooks of the shop `shop` go. */
  port: number
  shop: string
  /** Writes a file of the project; an object as JSON, which is YAML. */
  write(name: string, content: string | object): void
  start(role: 'start' | 'serve' | 'work', args?: string[], env?: Record<string, string>): Promise<Process>
  run(args: string[], env?: Record<string, string>): Promise<Ran>
  sell(count: number, shop?: string): Promise<void>
  /** Ids of all orders that the shop has sold and that belong into an ERP. */
  sold(shop?: string): Promise<string[]>
  close(): Promise<void>
}

export async function openSite(database?: string): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-site-'))
  // what it lays out for itself
  mkdirSync(join(folder, 'tmp'))
  const port = await freePort()
  const shop = await startShopify({
    ...{ token: SECRETS.SHOP_TOKEN, secret: SECRETS.SHOP_SECRET, retryScale: 0.05 },
    webhookUrl: `http://127.0.0.1:${port}/webhooks/shop/{topic}`,
  })
  const processes = new Set<Process>()
  const environment = (env: Record<string, string>) => ({
    cwd: folder,
    env: {
      ...{ PATH: process.env.PATH, TRIBUTARY_LANG: 'en', TZ: 'Pacific/Apia', TMPDIR: join(folder, 'tmp') },
      ...SECRETS,
      ...(database ? { DATABASE_URL: database } : {}),
      ...env,
    },
  })
  return {
    folder,
    port,
    shop: shop.url,
    write(name, content) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(
        join(folder, name),
        typeof content === 'string' ? content : JSON.stringify(content, null, 1),
      )
    },
    async start(role, args = [], env = {}) {
      const started = await startProcess([role, '--json', ...args], environment(env))
      processes.add(started)
      void started.ended.then(() => processes.delete(started))
      return started
    },
    run: (args, env = {}) => run(args, environment(env)),
    sell: async (count, at = shop.url) => void (await tell(`${at}/_sandbox/orders`, { count })),
    async sold(at = shop.url) {
      const answer = await fetch(`${at}/_sandbox/expected`)
      const orders = (await answer.json()) as { orderId: string; expect: string }[]
      return orders.filter((o) => o.expect === 'document').map((o) => o.orderId)
    },
    async close() {
      await Promise.all([...processes].map((p) => p.end('SIGTERM')))
      await shop.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Environment = { cwd: string; env: Record<string, string | undefined> }

async function startProcess(args: string[], options: Environment): Promise<Process> {
  const child = spawn(process.execPath, [MAIN, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr!.on('data', (chunk) => {
    log += chunk
  })
  const ended = new Promise<number | string>((done) => {
    child.once('close', (code, signal) => done(signal ?? code ?? -1))
  })
  const said = await firstAnswer(child, ended, () => log)
  return {
    ...{ pid: child.pid!, url: said.url, ended, log: () => log },
    end(signal) {
      child.kill(signal)
      return ended
    },
  }
}

/** The JSON that a long-running command says once it runs. */
async function firstAnswer(
  child: ChildProcess,
  ended: Promise<unknown>,
  log: () => string,
): Promise<{ url: string | null }> {
  let out = ''
  const said = new Promise<{ url: string | null }>((resolve) => {
    child.stdout!.on('data', (chunk) => {
      out += chunk
      if (out.trimEnd().endsWith('}')) resolve(JSON.parse(out) as { url: string | null })
    })
  })
  const dead = ended.then((code) => {
    throw new Error(`it ended (${String(code)}) before it ran: ${log().slice(-2000)}`)
  })
  return Promise.race([said, dead])
}

function run(args: string[], options: Environment): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    child.once('close', (code) => resolve({ code, out, err }))
  })
}

/** An ERP that takes all articles of the generated orders. */
export async function openErp() {
  const erp = await startNaiveErp({
    ...{ token: ERP_TOKEN, lag: [0, 0], lateRate: 0 },
    items: [...KNOWN_SKUS, 'SHIPPING', 'CHARGE'],
  })
  return {
    url: erp.url,
    close: () => erp.close(),
    async held(): Promise<NaiveDocument[]> {
      const answer = await fetch(`${erp.url}/_sandbox/documents`)
      const documents = (await answer.json()) as NaiveDocument[]
      return documents.filter((d) => d.state !== 'deleted')
    },
  }
}

export type SiteErp = Awaited<ReturnType<typeof openErp>>
