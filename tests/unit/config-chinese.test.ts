/** Configuration errors in Chinese: whatever can be wrong, no English sentence is left in the message or the fix. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { ManifestSchema } from '../../src/connector/manifest.ts'
import { openConnection } from '../../src/connector/open.ts'
import { CONFIG_ERRORS } from '../../src/core/errors/config.ts'
import { CONNECTOR_ERRORS } from '../../src/core/errors/connector.ts'
import { TributaryError } from '../../src/core/errors/error.ts'
import { YAML_ERRORS } from '../../src/core/errors/yaml.ts'
import { loadConfig, parseConfig } from '../../src/runtime/config.ts'
import { connectorCatalog } from '../../src/runtime/config-catalog.ts'
import { configProblems } from '../../src/runtime/config-problems.ts'
import { ConfigFile } from '../../src/runtime/schema.ts'

const GOOD = `company: { zone: Asia/Shanghai, currency: CNY }
connections:
  web: { use: shopify, settings: { shop: mine, token: "\${TOKEN}", secret: "\${TOKEN}" } }
  books: { use: naive-erp, settings: { base: "http://127.0.0.1:1", token: "\${TOKEN}" } }
flows:
  orders: { shops: [web], erp: books, from: 2026-01-01T00:00:00Z, mode: shadow }
`
const catalog = connectorCatalog()
const seen = new Set<string>()

/** What the rule looks at: without what is quoted, places, paths, names with marks inside, and product words. */
function words(text: string): string {
  return text
    .replace(/"[^"]*"|“[^”]*”|`[^`]*`|\$\{\w+\}/g, '◦')
    .replace(/[\w.-]*[./:_-][\w./:_-]*/g, '◦')
    .replace(/\b(client secret|Admin API)\b/g, '◦')
}

/** Two English words beside each other are a piece of a sentence; one alone may be a name or a key. */
function mustBeChinese(error: unknown): void {
  expect(error).toBeInstanceOf(TributaryError)
  for (const one of configProblems(error)) {
    seen.add(one.code)
    for (const text of [one.say('zh'), one.fix('zh')]) {
      expect(words(text)).not.toMatch(/[A-Za-z]{2,} +[A-Za-z]{2,}/)
      expect(text).not.toMatch(/\[object|undefined/)
      expect(text).toMatch(/\p{Script=Han}/u)
    }
  }
  seen.add((error as TributaryError).code)
  expect(words((error as TributaryError).say('zh'))).not.toMatch(/[A-Za-z]{2,} +[A-Za-z]{2,}/)
}

async function failing(work: () => unknown): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new Error('was accepted')
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-zh-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const CHANGES: [string, string][] = [
  ['zone: Asia/Shanghai', 'zone: Asia/Shangai'],
  ['zone: Asia/Shanghai', 'zone: 8'],
  ['zone: Asia/Shanghai, ', ''],
  ['currency: CNY', 'currency: rmb'],
  ['currency: CNY', 'currency: RMB'],
  ['currency: CNY', 'curency: CNY'],
  ['currency: CNY', 'currency: CNY, entities: {}'],
  ['currency: CNY', 'currency: CNY, entities: { A B: { name: "" } }'],
  ['currency: CNY', 'currency: CNY, entities: { a: { name: A }, b: { name: B, zone: x, currency: XX } }'],
  ['currency: CNY', 'currency: CNY, entities: { a: { name: A }, b: { name: B } }'],
  ['use: shopify', 'use: shopifi'],
  ['use: shopify', 'use: ""'],
  ['use: shopify', 'use: shopify, entity: other'],
  ['use: shopify', 'use: shopify, concurrency: 900'],
  ['use: shopify', 'use: shopify, concurrency: many'],
  ['use: shopify', 'use: shopify, rate: { calls: 0, per: fast }'],
  ['use: shopify', 'use: shopify, codes: { rate: { USD: 7 } }'],
  ['use: shopify', 'use: shopify, poll: { ordr: {} }'],
  ['use: shopify', 'use: shopify, poll: { order: { every: often, lag: 2 min, off: 3 } }'],
  ['shop: mine', 'shopp: mine'],
  ['shop: mine', 'shop: [1]'],
  ['token: "${TOKEN}"', 'tokn: x'],
  ['token: "${TOKEN}"', 'token: "${TOKN}"'],
  ['token: "${TOKEN}"', 'token: "${=file}"'],
  ['shops: [web]', 'shops: []'],
  ['shops: [web]', 'shops: web'],
  ['shops: [web]', 'shops: [wbe]'],
  ['from: 2026-01-01T00:00:00Z', 'from: 2026-02-30T00:00:00Z'],
  ['from: 2026-01-01T00:00:00Z, ', ''],
  [', mode: shadow', ''],
  ['mode: shadow', 'mode: shadw'],
  ['mode: shadow', 'mode: live, back: [shipments]'],
  ['mode: shadow', 'mode: live, adopt: { number: "", until: soon }'],
  ['mode: shadow', 'mode: live, adopt: { number: "\\"OLD-\\" & " }'],
  ['flows:', 'http: { port: 99999, host: "" }\nflows:'],
  ['flows:', 'health: { port: x }\nflows:'],
  ['flows:', 'retention: { raw: long }\nflows:'],
  ['flows:', 'alerts: { channels: { a: { kind: slack }, b: {}, c: { kind: wecom, ky: x } } }\nflows:'],
  ['flows:', 'alerts: { channels: { a: { kind: webhook, url: x, secret: "" } } }\nflows:'],
  ['flows:', 'alerts: { channels: { a: { kind: webhook, url: "http://a", secret: short } } }\nflows:'],
  ['flows:', 'alerts: { channels: { a: { kind: dingtalk } } }\nflows:'],
  ['flows:', 'alerts: { channels: { a: { kind: wecom, key: k, url: "http://a" } } }\nflows:'],
  ['flows:', 'alerts: { channels: { a: { kind: mail, host: h, from: a@b, to: [c@d], user: u } } }\nflows:'],
  ['flows:', 'alerts: { channels: { a: { kind: mail, host: h, port: 0, from: a, to: [] } } }\nflows:'],
  ['flows:', 'alerts: { send: [{ level: loud, to: [a], causes: [" "] }, { level: red, to: [] }] }\nflows:'],
  ['flows:', 'alerts: { send: [{ level: red, to: [nobody] }] }\nflows:'],
  ['flows:', 'alerts: { quiet: { from: "25:00", to: x, levels: [blue] }, remind: x, every: y }\nflows:'],
  ['flows:', 'alerts: { every: 1h, language: fr }\nflows:'],
  ['flows:', 'alerts: { every: 1h }\nflows:'],
  ['flows:', 'log: { level: loud }\nflows:'],
  ['flows:', 'storage: { database: "mysql://a", redis: 5 }\nflows:'],
  ['flows:', 'storage: { database: "mysql://a", redis: "http://a" }\nflows:'],
  ['flows:', 'flows: {}\nflows:'],
  ['flows:', 'flows: [\nx:'],
  ['flows:', '\tflows:'],
  ['shops: [web]', 'shops: *nobody'],
  ['shops: [web]', 'shops: !x [web]'],
  ['shops: [web]', 'shops: "\\q"'],
  ['flows:\n', 'flows:\n  again: { shops: [web], erp: books, from: 2026-01-01T00:00:00Z, mode: live }\n'],
]

describe('tributary.yaml', () => {
  test.each(CHANGES)('%s → %s', async (from, to) => {
    expect(GOOD).toContain(from)
    const text = GOOD.replace(from, () => to)
    mustBeChinese(await failing(() => parseConfig(text, '/srv/tributary.yaml', { TOKEN: 't' }, catalog)))
  })

  test('the file itself', async () => {
    mustBeChinese(await failing(() => loadConfig(join(folder, 'none.yaml'), {}, catalog)))
    mustBeChinese(await failing(() => loadConfig(folder, {}, catalog)))
    mustBeChinese(await failing(() => parseConfig('- 1', '/srv/tributary.yaml', {}, catalog)))
  })
})

describe('connectors', () => {
  const load = (manifest: string, hooks?: string) => {
    const at = mkdtempSync(join(folder, 'my-shop-'))
    writeFileSync(join(at, 'connector.yaml'), manifest.replace('HERE', at.split('/').at(-1)!.toLowerCase()))
    if (hooks) writeFileSync(join(at, 'hooks.ts'), hooks)
    return loadConnector(at)
  }
  const MINE =
    'id: HERE\ntitle: Mine\nsettings: {}\nread: { order: { document: order, shapes: { a: a.in } } }\n'

  test.each([
    [MINE.replace('HERE', 'other'), undefined],
    [MINE.replace('HERE', 'No Id'), undefined],
    [`${MINE}http: { base: "{nowhere}", timeout: 3, errors: { 9: config } }\n`, undefined],
    [`${MINE}http: { base: "{nowhere}" }\n`, undefined],
  ])('%j', async (manifest, hooks) => mustBeChinese(await failing(() => load(manifest, hooks))))

  test('folder, hooks and settings', async () => {
    mustBeChinese(await failing(() => loadConnector(join(folder, 'nothing-here'))))
    const shop = await loadConnector(join(import.meta.dirname, '../../connectors/naive-erp'))
    const open = (settings: object) =>
      openConnection(
        shop,
        { id: 'erp', entity: 'main', settings, codes: {}, rate: null, concurrency: undefined } as never,
        async () => ({}) as never,
      )
    const good = { base: 'http://127.0.0.1:1', token: 't' }
    for (const wrong of [
      {},
      { ...good, tokn: 1 },
      { ...good, token: [1] },
      { ...good, base: 'x' },
      { ...good, settle: 'long' },
    ])
      mustBeChinese(await failing(() => open(wrong)))
    const name = 'abc'
    const hooked = join(folder, name)
    mkdirSync(hooked)
    writeFileSync(join(hooked, 'connector.yaml'), MINE.replace('HERE', name))
    writeFileSync(join(hooked, 'hooks.ts'), 'export default 5')
    mustBeChinese(await failing(() => loadConnector(hooked)))
  })

  test('every setting of the connectors here says in Chinese what it is for', () => {
    const lacking = catalog.ids.flatMap((id) =>
      Object.entries(catalog.manifest(id).settings)
        .filter(([, setting]) => !/\p{Script=Han}/u.test(setting.zh ?? ''))
        .map(([name]) => `${id}.${name}`),
    )
    expect(catalog.ids).toEqual(
      readdirSync(join(import.meta.dirname, '../../connectors')).filter((f) => !f.includes('.')),
    )
    expect(lacking).toEqual([])
  })
})

/** Nodes whose description becomes part of a message (src/core/yaml-words.ts) and that have none in Chinese. */
function wordless(node: unknown, path: string): string[] {
  if (node === null || typeof node !== 'object') return []
  const schema = node as {
    description?: string
    zh?: string
    pattern?: string
    anyOf?: { const?: unknown }[]
  }
  const described = schema.pattern !== undefined || schema.anyOf?.some((branch) => !('const' in branch))
  const own = described && schema.description && !schema.zh ? [path] : []
  return [...own, ...Object.entries(schema).flatMap(([key, inner]) => wordless(inner, `${path}/${key}`))]
}

test('whatever the schemas say in a message, they say in Chinese too', () => {
  expect(wordless(ConfigFile, 'tributary.yaml')).toEqual([])
  expect(wordless(ManifestSchema, 'connector.yaml')).toEqual([])
})

test('no code was forgotten', () => {
  const configuration = { ...CONFIG_ERRORS, ...YAML_ERRORS, ...CONNECTOR_ERRORS }
  const codes = Object.entries(configuration).flatMap(([code, { kind }]) => (kind === 'config' ? [code] : []))
  // what remains is said by the running program, of names, ports and answers alone
  const elsewhere = [
    'CONFIG_ADDRESS',
    'CONFIG_FILE_EXISTS',
    'CONFIG_KEY',
    'CONFIG_KEY_MISSING',
    'CONNECTOR_ANSWER_REFUSED',
    'CONNECTOR_COVERAGE',
    'CONNECTOR_DENIED',
    'CONNECTOR_FIXTURE',
    'CONNECTOR_NEW',
    'CONNECTOR_TOKEN_DEAD',
    'CONNECTOR_UNKNOWN',
    'CONNECTOR_WAIVER',
    'WEBHOOK_NO_ADDRESS',
    'WEBHOOK_NO_SUBSCRIPTIONS',
    'WEBHOOK_SECRET_MISSING',
  ]
  expect(codes.filter((code) => !seen.has(code)).sort()).toEqual(elsewhere)
})
