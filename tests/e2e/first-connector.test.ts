/**
 * docs/guide/your-first-connector.md, followed literally from an empty folder: its very files, its very commands, in its
 * order. Only ports are others, so that several runs do not meet.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { readGuide } from '../support/guide-files.ts'

const ROOT = join(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'src/cli/main.ts')
const guide = readGuide(join(ROOT, 'docs/guide/your-first-connector.md'))

const folder = mkdtempSync(join(tmpdir(), 'tributary-guide-'))
const ports = { 4050: await freePort(), 4030: await freePort(), 8080: await freePort() }
const running: ChildProcess[] = []
afterAll(async () => {
  for (const child of running.toReversed()) {
    child.kill('SIGTERM')
    await new Promise((done) => (child.exitCode === null ? child.once('exit', done) : done(null)))
  }
  rmSync(folder, { recursive: true, force: true })
})

const here = (text: string) =>
  Object.entries(ports).reduce((t, [shown, port]) => t.replaceAll(shown, String(port)), text)

const { HTTP_PROXY: _, HTTPS_PROXY: __, http_proxy: ___, https_proxy: ____, ...clean } = process.env
/** What `export` lines put there. */
const env: Record<string, string | undefined> = { ...clean, NO_PROXY: '127.0.0.1' }

function begin(line: string): ChildProcess {
  const [program, ...args] = wordsOf(line)
  const [file, all] =
    program === 'tributary' ? [process.execPath, [MAIN, ...args]] : ([program, args] as [string, string[]])
  return spawn(file!, all, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Words of a command line; quotes hold blanks. */
const wordsOf = (line: string): string[] =>
  [...here(line).matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)

async function run(line: string): Promise<string> {
  const exported = [...line.matchAll(/^export | (\w+)=(\S+)|^export (\w+)=(\S+)/g)]
  if (line.startsWith('export ')) {
    for (const pair of line.slice(7).split(' ')) {
      const [name, value] = pair.split('=')
      env[name!] = value
    }
    expect(exported.length).toBeGreaterThan(0)
    return ''
  }
  const child = begin(line)
  let said = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk) => {
      said += chunk
    })
  const code = await new Promise((done) => child.once('close', done))
  expect(code, `${line}\n${said}`).toBe(0)
  return said
}

/** Starts what goes on running and waits until it says where it listens. */
async function open(line: string): Promise<void> {
  const child = begin(line)
  running.push(child)
  await new Promise<void>((done, fail) => {
    let said = ''
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk) => {
        said += chunk
        if (/listens on/.test(said)) done()
      })
    child.once('close', () => fail(new Error(`${line} ended:\n${said}`)))
  })
}

const ask = async (port: 4050 | 4030, path: string) =>
  (await fetch(`http://127.0.0.1:${ports[port]}/_sandbox/${path}`)).json()

interface Expected {
  orderId: string
  expect: 'document' | 'parked' | 'none'
  reason: string
}

/** What the ERP should hold: every paid order of the shop that has not been cancelled, and no other. */
async function arrived(): Promise<{ wanted: string[]; held: string[] }> {
  const expected = (await ask(4050, 'expected')) as Expected[]
  const documents = (await ask(4030, 'documents')) as { source: string; state: string }[]
  return {
    // the stand-in of the ERP knows every article
    wanted: expected
      .filter((e) => e.expect === 'document' || e.reason === 'unknown-sku')
      .map((e) => e.orderId)
      .sort(),
    held: documents
      .filter((d) => d.state === 'confirmed')
      .map((d) => d.source)
      .sort(),
  }
}

describe('the walk-through', () => {
  it('keeps its promise: at most 60 lines of connector.yaml, no code', () => {
    const manifest = guide.files.get('connectors/lumavega/connector.yaml')!
    expect(manifest.trimEnd().split('\n').length).toBeLessThanOrEqual(60)
    expect([...guide.files.keys()].filter((file) => /\.[jt]s$/.test(file))).toEqual([])
    expect(guide.steps.length).toBeGreaterThan(5)
  })

  it('leads from an empty folder to orders in the ERP', { timeout: 240_000 }, async () => {
    const written = new Set<string>()
    const said: string[] = []
    for (const { terminal, lines, before } of guide.steps) {
      for (const file of before) {
        if (written.has(file)) continue
        written.add(file)
        mkdirSync(dirname(join(folder, file)), { recursive: true })
        writeFileSync(join(folder, file), here(guide.files.get(file)!))
      }
      if (terminal) await open(lines.join(' '))
      else for (const line of lines) said.push(await run(line))
      if (lines[0]!.includes('_sandbox/orders'))
        await expect.poll(async () => (await arrived()).held.length, { timeout: 60_000 }).toBe(20)
    }
    expect(written).toEqual(new Set(guide.files.keys()))
    const { wanted, held } = await arrived()
    expect(held).toEqual(wanted)
    expect(said.join('\n')).toContain('lumavega: ')
    expect(said.join('\n')).toMatch(/lumavega: \d+ ok, 0 failed/)
    const documents = (await ask(4030, 'documents')) as { source: string; total: string }[]
    const orders = (await ask(4050, 'orders')) as { order_id?: unknown; versions?: unknown }[]
    expect(orders.length).toBe(20)
    expect(documents.every((d) => /^\d+$/.test(d.total))).toBe(true)
  })

  it('carries difficult orders, too: each once, and none that is unpaid or cancelled', {
    timeout: 240_000,
  }, async () => {
    await fetch(`http://127.0.0.1:${ports[4050]}/_sandbox/orders`, {
      method: 'POST',
      body: JSON.stringify({ count: 40, hard: true, seed: 7 }),
    })
    const missing = async () => {
      const { wanted, held } = await arrived()
      return {
        absent: wanted.filter((id) => !held.includes(id)),
        surplus: held.filter((id, i) => held.indexOf(id) !== i),
      }
    }
    await expect.poll(missing, { timeout: 120_000, interval: 1000 }).toEqual({ absent: [], surplus: [] })
  })
})
