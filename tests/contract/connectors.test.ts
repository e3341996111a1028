/**
 * One suite over every connector found in connectors/: what each of them promises, whoever wrote it. A new
 * folder is tested by being there.
 */
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { readSubject } from '../../src/conformance/subject.ts'
import { type Connector, findConnectors, loadConnector } from '../../src/connector/load.ts'
import type { Manifest, Setting } from '../../src/connector/manifest.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Connection } from '../../src/core/ports.ts'
import { parseDuration } from '../../src/core/time.ts'
import { loadMapping } from '../../src/mapping/load.ts'

const folders = [...(await findConnectors(['connectors']))]
const signal = new AbortController().signal
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const PUBLIC_KEY = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .publicKey.export({ type: 'spki', format: 'der' })
  .toString('base64')

/** A made-up value that fits a setting; addresses lead nowhere. */
function example(name: string, setting: Setting): unknown {
  if (setting.values) return setting.values[0]
  if (/publicKey$/i.test(name)) return PUBLIC_KEY
  const values: Record<Setting['type'], unknown> = {
    string: /^(base|url|address)$/i.test(name) ? 'http://127.0.0.1:9' : `example-${name}`,
    integer: 7,
    decimal: '7.5',
    boolean: true,
    list: [],
    map: {},
  }
  return values[setting.type]
}

/** Made-up ones, and those that `conformance.yaml` gives because they must have a certain form. */
async function settingsOf({ manifest, folder }: Connector): Promise<Record<string, unknown>> {
  const { hints } = await readSubject(folder)
  // a sandbox's settings fit its options, not these
  return { ...examples(manifest), ...(manifest.http ? {} : hints.settings) }
}

function examples(manifest: Manifest): Record<string, unknown> {
  const needed = Object.entries(manifest.settings).filter(
    ([name, s]) => s.default === undefined || name === 'base',
  )
  return Object.fromEntries(needed.map(([name, s]) => [name, example(name, s)]))
}

async function open(connector: Connector, given?: Record<string, unknown>): Promise<Connection> {
  const settings = given ?? (await settingsOf(connector))
  const company = { zone: 'Asia/Shanghai', currency: 'CNY' }
  const mappings = (name: string) => loadMapping(join('mappings', connector.id, `${name}.yaml`))
  const connection = await openConnection(
    connector,
    { id: 'try', entity: 'main', settings, company },
    mappings,
  )
  closing.push(() => connection.close())
  return connection
}

it('there are connectors', () => {
  expect(folders.length).toBeGreaterThan(0)
})

describe.each(folders)('%s', (id, folder) => {
  it('has a valid manifest whose id is the folder, and complete hooks', async () => {
    const connector = await loadConnector(folder)
    expect(connector.id).toBe(basename(folder))
    expect(connector.manifest.id).toBe(id)
    expect(Object.keys({ ...connector.manifest.read, ...connector.manifest.write }).length).toBeGreaterThan(0)
  })

  it('has a README', () => {
    const file = join(folder, 'README.md')
    expect(existsSync(file)).toBe(true)
    expect(readFileSync(file, 'utf8').length).toBeGreaterThan(400)
  })

  it('describes its settings; what is secret by its name is secret', async () => {
    const { manifest } = await loadConnector(folder)
    const settings = Object.entries(manifest.settings)
    expect(settings.filter(([, s]) => s.description.length < 4).map(([name]) => name)).toEqual([])
    const telling = settings.filter(([name]) => /(token|secret|password|apikey)$/i.test(name))
    expect(telling.filter(([, s]) => !s.secret).map(([name]) => name)).toEqual([])
    const kept = settings.filter(([, s]) => s.secret && s.default !== undefined)
    expect(kept.map(([name]) => name)).toEqual([])
  })

  it('opens with made-up settings, all its mappings are there', async () => {
    const connector = await loadConnector(folder)
    const connection = await open(connector)
    expect(connection.streams.map((s) => s.name)).toEqual(Object.keys(connector.manifest.read ?? {}))
    expect(connection.writes.map((w) => w.kind)).toEqual(Object.keys(connector.manifest.write ?? {}))
    for (const stream of connection.streams) expect(Object.keys(stream.mappings)).not.toHaveLength(0)
  })

  it('refuses a setting that it does not know and misses one that it needs', async () => {
    const connector = await loadConnector(folder)
    const settings = await settingsOf(connector)
    const unknown = expect.objectContaining({ code: 'CONNECTOR_SETTING_UNKNOWN' })
    await expect(open(connector, { ...settings, nonsense: 1 })).rejects.toEqual(unknown)
    const needed = Object.entries(connector.manifest.settings).find(
      ([, s]) => !s.optional && s.default === undefined,
    )
    if (!needed) return
    const { [needed[0]]: _, ...rest } = settings
    const missing = expect.objectContaining({ code: 'CONNECTOR_SETTING_MISSING' })
    await expect(open(connector, rest)).rejects.toEqual(missing)
  })

  it('waits long enough before a find counts as absent', async () => {
    for (const w of (await open(await loadConnector(folder))).writes) {
      if (w.class !== 'find') continue
      expect(w.find, w.kind).toBeTypeOf('function')
      expect(w.settle, w.kind).toBeGreaterThan(0)
      if (w.drafts) expect([typeof w.advance, typeof w.discard]).toEqual(['function', 'function'])
    }
  })

  it('gives a call no longer than an attempt', async () => {
    const { manifest } = await loadConnector(folder)
    const call = parseDuration(manifest.http?.timeout ?? '30s')
    for (const [kind, w] of Object.entries(manifest.write ?? {})) {
      expect(parseDuration(w.timeout ?? '30s'), kind).toBeGreaterThanOrEqual(call)
    }
  })

  it('refuses webhooks without a proof of their sender', async () => {
    const connection = await open(await loadConnector(folder))
    for (const webhook of connection.webhooks) {
      const forged = () => webhook.receive({ 'content-type': 'application/json' }, Buffer.from('{"id":1}'))
      expect(forged, webhook.topic).toThrow(expect.objectContaining({ code: 'WEBHOOK_SIGNATURE' }))
    }
  })

  it('has something harmless to ask', async () => {
    const { manifest, hooks } = await loadConnector(folder)
    // databases and folders are asked without being told how
    expect(manifest.check ?? hooks.check ?? manifest.sql ?? manifest.files).toBeDefined()
  })

  it('says in check that nobody answers, and names no secret', async () => {
    const connector = await loadConnector(folder)
    const secrets = Object.entries(connector.manifest.settings).filter(([, s]) => s.secret)
    const answer = await (await open(connector)).check(signal)
    for (const [name] of secrets) expect(answer.say).not.toContain(`example-${name}`)
    expect(answer).toMatchObject({
      ok: false,
      say: expect.stringMatching(/ECONNREFUSED|ENOENT|not reached|no answer/i),
    })
  })

  it('throws a transient error when a page cannot be read, and outcomes instead of errors when writing', async () => {
    const connector = await loadConnector(folder)
    const connection = await open(connector)
    const window = {
      since: new Date('2026-01-01T00:00:00Z'),
      until: new Date('2026-01-02T00:00:00Z'),
      resume: null,
    }
    for (const stream of connection.streams) {
      const { list, rows, files } = connector.manifest.read![stream.name]!
      const polled = connector.hooks.read?.[stream.name]?.page ?? list ?? rows ?? files
      if (polled) await expect(stream.page(window, signal)).rejects.toMatchObject({ kind: 'transient' })
    }
    for (const w of connection.writes) {
      const check = { number: null, total: null, lines: null }
      const item = { key: 'K1', kind: w.kind, revision: 1, body: Buffer.from('{}'), check }
      const outcomes = await w.write([item], signal)
      expect(
        outcomes.map((o) => o.kind),
        w.kind,
      ).toEqual(['not-done'])
    }
  })
})
