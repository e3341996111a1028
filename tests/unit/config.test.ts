// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration look like this
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TributaryError } from '../../src/core/errors/error.ts'
import { loadConfig, loadOwnConfig, parseConfig } from '../../src/runtime/config.ts'
import type { ConnectorCatalog } from '../../src/runtime/config-catalog.ts'
import { configProblems } from '../../src/runtime/config-problems.ts'
import { initText, schemaReference } from '../../src/runtime/init.ts'
import { configJsonSchema, SCHEMA_FILE } from '../../src/runtime/schema.ts'

const shop = {
  title: 'A shop',
  settings: {
    base: { type: 'string', description: 'Address of the shop' },
    token: { type: 'string', secret: true, description: 'API token' },
    size: { type: 'integer', default: 50, description: 'Records per page' },
    charset: { type: 'string', values: ['utf-8', 'gbk'], optional: true, description: 'Charset' },
    share: { type: 'decimal', optional: true, description: 'A share' },
  },
  read: { orders: { document: 'order', shapes: { order: 'order.in' } } },
} as unknown as ReturnType<ConnectorCatalog['manifest']>
const erp = { title: 'An ERP', settings: {} } as ReturnType<ConnectorCatalog['manifest']>
const catalog: ConnectorCatalog = {
  ids: ['some-shop', 'some-erp'],
  manifest: (id) => (id === 'some-shop' ? shop : erp),
}

const GOOD = `company: { zone: Asia/Shanghai, currency: CNY }
connections:
  web:
    use: some-shop
    settings:
      base: http://127.0.0.1:1
      token: \${WEB_TOKEN}
      size: \${PAGE_SIZE:-25}
    rate: { calls: 10, per: 1s }
    poll: { orders: { every: "*/10 * * * * *", lag: 2m } }
  books: { use: some-erp }
flows:
  web-orders:
    shops: [web]
    erp: books
    from: 2026-01-01T00:00:00+08:00
    mode: shadow
`
const env = { WEB_TOKEN: 'shpat-very-secret' }
const load = (text: string, e: Record<string, string> = env) =>
  parseConfig(text, '/srv/tributary.yaml', e, catalog)
const mistakes = (text: string, e: Record<string, string> = env) => {
  try {
    load(text, e)
  } catch (error) {
    return configProblems(error)
  }
  throw new Error('was accepted')
}
const change = (from: string, to: string) => {
  expect(GOOD).toContain(from)
  return GOOD.replace(from, () => to)
}

describe('loadConfig', () => {
  test('reads a whole file, with defaults, milliseconds, instants and references', () => {
    const c = load(GOOD)
    expect(c.connections.web!.settings).toEqual({
      base: 'http://127.0.0.1:1',
      token: 'shpat-very-secret',
      size: 25,
    })
    expect(c.connections.web!.secrets).toEqual(['token'])
    expect(c.connections.web!.rate).toEqual({ calls: 10, per: 1000 })
    expect(c.connections.web!.poll.orders).toEqual({ every: '*/10 * * * * *', lag: 120_000, off: false })
    expect(c.connections.books!.entity).toBe('main')
    expect(c.flows['web-orders']!.from.toISOString()).toBe('2025-12-31T16:00:00.000Z')
    expect(c.storage).toEqual({ data: '/srv/data', database: null, redis: null })
    expect(c.http).toEqual({ host: '127.0.0.1', port: 8080 })
    expect(c.health).toEqual({ host: '127.0.0.1', port: 8081, stated: false })
    expect(load(`${GOOD}health: { port: 9000 }\n`).health).toEqual({
      host: '127.0.0.1',
      port: 9000,
      stated: true,
    })
    expect(load(`${GOOD}health: { off: true }\n`).health).toBeNull()
    expect(c.retention.raw).toBe(90 * 86_400_000)
    expect(Object.isFrozen(c.connections.web!.settings)).toBe(true)
  })

  test('the database comes from the file or from DATABASE_URL', () => {
    expect(load(GOOD, { ...env, DATABASE_URL: 'postgres://h/x' }).storage.database).toBe('postgres://h/x')
    const bad = mistakes(GOOD, { ...env, DATABASE_URL: 'mysql://root:geheim@h/x' })
    expect(bad.map((e) => e.code)).toEqual(['CONFIG_VALUE'])
    expect(bad[0]!.message).not.toContain('geheim')
  })

  test('a variable that is not set: names variable, file, line and column, once', () => {
    const [e, ...others] = mistakes(GOOD, { WEB_TOKN: 'x' })
    expect(others).toEqual([])
    expect(e!.code).toBe('CONFIG_SECRET_MISSING')
    expect(e!.message).toContain('/srv/tributary.yaml:7:14')
    expect(e!.message).toContain('WEB_TOKEN')
    expect(e!.message).toContain('did you mean "WEB_TOKN"')
  })

  test('the mark of a secret that was left out is no secret', () => {
    const [e, ...others] = mistakes(GOOD.replace('${WEB_TOKEN}', '"${=file}"'))
    expect([e!.code, e!.detail.line, others]).toEqual(['CONFIG_SECRET_MARK', 7, []])
  })

  test('of a file that is wrong, what says where the ledger is can be had all the same', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-config-'))
    const file = join(folder, 'tributary.yaml')
    const own = (text: string) => {
      writeFileSync(file, text)
      return loadOwnConfig(file, { PORT: '4711' })
    }
    const places = 'storage: { database: "postgres://h/x" }\nhttp: { port: "${PORT}" }\n'
    const found = own(`flows: nonsense\n${places}`)
    expect(found).toMatchObject({ file, http: { port: 4711 }, storage: { database: 'postgres://h/x' } })
    expect('broken' in found && found.broken.code).toMatch(/^CONFIG_|^YAML_/)
    // nobody may guess where the ledger is
    for (const text of [
      'flows: [',
      `flows: nonsense\nstorage: /data\n`,
      'storage: { database: "${NOT_SET}" }',
    ]) {
      expect(() => own(text)).toThrow(TributaryError)
    }
    expect(() => loadOwnConfig(join(folder, 'none.yaml'), {})).toThrow(/none\.yaml/)
  })

  test('all mistakes at once, in the order of the file, each with its place and the nearest spelling', () => {
    const text = GOOD.replace('use: some-shop', 'use: some-shp')
      .replace('erp: books', 'erp: boks')
      .replace('2026-01-01T00:00:00+08:00', '2026-01-01')
    const found = mistakes(text)
    expect(found.map((e) => [e.code, e.detail.line])).toEqual([
      ['CONFIG_UNKNOWN_CONNECTOR', 4],
      ['CONFIG_UNKNOWN_CONNECTION', 15],
      ['CONFIG_VALUE', 16],
    ])
    expect(found[0]!.message).toContain('did you mean "some-shop"')
    expect(found[1]!.message).toContain('did you mean "books"')
    expect(found[2]!.message).toContain('zone')
    expect(() => load(text)).toThrow(/3 mistakes/)
  })

  test('unknown keys, missing keys and wrong values of several parts are said together', () => {
    const text = GOOD.replace('zone:', 'zoen:').replace('mode: shadow', 'mode: shadw')
    const found = mistakes(text)
    expect(found.map((e) => e.code).sort()).toEqual(['YAML_MISSING_KEY', 'YAML_UNKNOWN_KEY', 'YAML_VALUE'])
    expect(found.find((e) => e.code === 'YAML_VALUE')!.message).toContain('did you mean "shadow"')
  })

  test.each([
    ['    from: 2026-01-01T00:00:00+08:00\n', 'CONFIG_FLOW_FROM_MISSING', 'from: '],
    ['    mode: shadow\n', 'CONFIG_FLOW_MODE_MISSING', 'mode: shadow'],
  ])('a flow without %j is told what to add', (line, code, fix) => {
    const [e] = mistakes(change(line, ''))
    expect(e!.code).toBe(code)
    expect(e!.detail.line).toBe(13)
    expect(e!.fix()).toContain(fix)
    expect(e!.fix('zh')).toContain(fix)
  })

  test('settings are checked against the connector', () => {
    const found = mistakes(
      GOOD.replace(
        '      base: http://127.0.0.1:1\n',
        '      bsae: x\n      charset: gkb\n      share: a lot\n',
      ),
    )
    expect(found.map((e) => e.code).sort()).toEqual([
      'CONFIG_SETTING_MISSING',
      'CONFIG_SETTING_UNKNOWN',
      'CONFIG_SETTING_VALUE',
      'CONFIG_SETTING_VALUE',
    ])
    const text = found.map((e) => e.message).join('\n')
    expect(text).toContain('did you mean "base"')
    expect(text).toContain('did you mean "gbk"')
    expect(text).toContain('in quotes')
  })

  test('a secret is never printed, not even where it is wrong', () => {
    const found = mistakes(change('${PAGE_SIZE:-25}', '${WEB_TOKEN}'))
    expect(found.map((e) => e.code)).toEqual(['CONFIG_SETTING_VALUE'])
    expect(JSON.stringify(found.map((e) => [e.message, e.fix(), e.detail]))).not.toContain('shpat')
  })

  test('a secret written into the file is warned about, by place and not by value', () => {
    const { warnings } = load(change('${WEB_TOKEN}', 'shpat-plain'))
    expect(warnings).toEqual([
      {
        code: 'SECRET_IN_FILE',
        file: '/srv/tributary.yaml',
        line: 7,
        field: 'connections.web.settings.token',
      },
    ])
    expect(load(GOOD).warnings).toEqual([])
  })

  test.each([
    ['zone: Asia/Shanghai', 'zone: Asia/Shangai', 'did you mean "Asia/Shanghai"'],
    ['currency: CNY', 'currency: RMB', 'ISO 4217'],
    ['per: 1s', 'per: fast', 'interval'],
    ['lag: 2m', 'lag: 2 minutes', 'such as 10s'],
    ['"*/10 * * * * *"', '"every minute"', 'cron'],
    ['poll: { orders:', 'poll: { ordres:', 'did you mean "orders"'],
  ])('%s → %s', (from, to, says) => {
    const found = mistakes(change(from, to))
    expect(found.map((e) => e.message).join('\n')).toContain(says)
  })

  test('two flows never carry the same shop into the same ERP', () => {
    const second = '  again:\n    { shops: [web], erp: books, from: 2026-01-01T00:00:00Z, mode: live }\n'
    expect(mistakes(GOOD + second).map((e) => e.code)).toEqual(['CONFIG_FLOW_SAME'])
    expect(load(GOOD + second.replace('live', 'off')).warnings[0]!.code).toBe('FLOW_OFF')
  })

  test('with several entities a connection must say which', () => {
    const text = change('currency: CNY }', 'currency: CNY, entities: { a: { name: A }, b: { name: B } } }')
    expect(mistakes(text).map((e) => e.code)).toEqual(['CONFIG_ENTITY_UNSTATED', 'CONFIG_ENTITY_UNSTATED'])
  })

  test('malformed YAML and duplicate keys name their line', () => {
    expect(mistakes('company: { zone: [\n')[0]!.code).toBe('YAML_SYNTAX')
    const twice = mistakes(`${GOOD}flows: {}\n`)
    expect([twice[0]!.code, twice[0]!.detail.line]).toEqual(['YAML_DUPLICATE_KEY', 18])
  })

  test('$${ stands for itself', () => {
    const c = load(change('http://127.0.0.1:1', '"a$${b}"'))
    expect(c.connections.web!.settings.base).toBe('a${b}')
  })

  test('a file that is not there', () => {
    const file = join(tmpdir(), 'no-such-folder', 'tributary.yaml')
    expect(() => loadConfig(file, {}, catalog)).toThrow(TributaryError)
    try {
      loadConfig(file, {}, catalog)
    } catch (error) {
      expect((error as TributaryError).code).toBe('CONFIG_FILE_MISSING')
      expect((error as TributaryError).fix()).toContain('init')
    }
  })
})

describe('schema and init', () => {
  test('the schema for editors is up to date (node src/runtime/schema-write.ts)', () => {
    expect(JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'))).toEqual(JSON.parse(configJsonSchema()))
  })

  test('init writes a file whose only gaps are what only its user knows', () => {
    const text = initText({
      shop: 'some-shop',
      erp: 'some-erp',
      manifests: { shop, erp },
      from: new Date('2026-03-01T00:00:00Z'),
      schema: './x.json',
    })
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./x.json')
    const found = mistakes(text, { MY_SHOP_TOKEN: 't' })
    expect(found.map((e) => [e.code, e.detail.field])).toEqual([
      ['CONFIG_SETTING_MISSING', 'connections.my-shop.settings.base'],
    ])
    const filled = load(text.replace('base: ""', 'base: http://shop'), { MY_SHOP_TOKEN: 't' })
    expect(filled.flows['web-orders']!.mode).toBe('shadow')
    expect(filled.flows['web-orders']!.from.toISOString()).toBe('2026-03-01T00:00:00.000Z')
  })

  test('a file of this clone refers to the schema by path, one elsewhere gets a copy', () => {
    const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')
    expect(schemaReference(root)).toBe('./schemas/tributary.schema.json')
    const folder = mkdtempSync(join(tmpdir(), 'tributary-init-'))
    writeFileSync(join(folder, 'x'), '')
    expect(schemaReference(folder)).toBe(null)
  })
})
