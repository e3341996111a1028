/** `tributary start --orders N --exit` as a stranger types it: it ends 0, and not when the ERP got something else. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startProxy } from './altering-proxy.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

interface Ended {
  code: number | null
  differences: { field: string; expected: string; found: string; line: string | null }[]
  matched: number
  orders: number
  parked: number
  shops: {
    shop: string
    orders: number
    matched: number
    documents: number
    parked: number
    differences: number
  }[]
  said: string
}

async function quickstart(orders: number, env: Record<string, string>): Promise<Ended> {
  const cwd = mkdtempSync(join(tmpdir(), 'tributary-quickstart-'))
  const args = [MAIN, '--json', 'start', '--orders', String(orders), '--exit']
  const { NO_PROXY: _, no_proxy: __, HTTP_PROXY: ___, http_proxy: ____, ...clean } = process.env
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...clean, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let said = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-3000)
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), 150_000)
  try {
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    if (!out.trim().startsWith('{')) throw new Error(`no result, code ${code}:\n${out}\n${said}`)
    return { ...(JSON.parse(out) as Ended), code, said }
  } finally {
    clearTimeout(timer)
    rmSync(cwd, { recursive: true, force: true })
  }
}

/** A cent more on the first row that has cents. */
const CENT = (document: string): string | null => {
  const field = /<norigtaxmny>(\d+)\.(\d\d)<\/norigtaxmny>/.exec(document)
  if (!field) return null
  const more = (Number(`${field[1]}${field[2]}`) + 1).toString().padStart(3, '0')
  return document.replace(field[0], `<norigtaxmny>${more.slice(0, -2)}.${more.slice(-2)}</norigtaxmny>`)
}

/** The last row of the first bill that has several. */
const LINE = (document: string): string | null => {
  for (const [bill] of document.matchAll(/<bill [\s\S]*?<\/bill>/g)) {
    const rows = [...bill.matchAll(/<item>[\s\S]*?<\/item>/g)]
    if (rows.length > 1) return document.replace(bill, bill.replace(rows.at(-1)![0], ''))
  }
  return null
}

describe('start --exit', () => {
  it.concurrent('ends 0 when every order of both shops stands in the ERP as it was sold', async () => {
    const ended = await quickstart(60, {})
    expect(ended.differences).toEqual([])
    expect(ended).toMatchObject({ code: 0, orders: 60, matched: 60 })
    expect(ended.shops).toMatchObject(
      ['shopify', 'taobao'].map((shop) => ({ shop, orders: 30, matched: 30, differences: 0 })),
    )
    for (const shop of ended.shops) {
      expect(shop.documents).toBeGreaterThan(15)
      // what the generator declared unusable is parked, and nothing else
      expect(shop.parked).toBeGreaterThan(0)
    }
  })

  it.concurrent.each([
    ['a cent more', CENT],
    ['a line less', LINE],
  ])('does not end 0 with %s in what the ERP holds', async (_name, alter) => {
    const proxy = await startProxy({ alter })
    try {
      const ended = await quickstart(12, { HTTP_PROXY: proxy.url, http_proxy: proxy.url })
      expect(proxy.altered()).toBe(true)
      expect(ended.code).toBe(4)
      expect(ended.differences.length).toBeGreaterThan(0)
      expect(ended.orders - ended.matched).toBe(1)
    } finally {
      await proxy.close()
    }
  })
})
