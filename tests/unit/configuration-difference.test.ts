// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration look like this
/** What `apply` says of two configurations: what differs, and what that does to the orders in the ledger. */
import { describe, expect, test } from 'vitest'
import type { ConfigurationUses } from '../../src/ledger/configuration.ts'
import type { Config, FlowConfig } from '../../src/runtime/config.ts'
import { MARK } from '../../src/runtime/config-environment.ts'
import { type Difference, differencesOf } from '../../src/runtime/configuration-difference.ts'
import { effectsOf } from '../../src/runtime/configuration-effects.ts'
import type { Impact } from '../../src/runtime/operations-configuration-types.ts'
import { ConfigFile, OWN_PARTS } from '../../src/runtime/schema.ts'

const uses = (more: Partial<ConfigurationUses> = {}): ConfigurationUses => ({
  ...{ tributary: '0.2.0', connectors: {}, mappings: {} },
  ...more,
})
const secrets = (use: string) => (use === 'unknown' ? null : ['token'])
const between = (was: unknown, is: unknown) =>
  differencesOf({ value: was, uses: uses() }, { value: is, uses: uses() }, secrets)
const shop = (settings: object, more: object = {}) => ({
  connections: { shop: { use: 'acme', settings, ...more } },
})
const details = (found: Difference[]) => found.flatMap((d) => d.details.map((line) => line.en))

describe('differences', () => {
  test('name settings with their values, and secrets without', () => {
    const was = shop({ base: 'https://a', token: '${OLD}', page: 5 })
    const is = shop({ base: 'https://b', token: '${NEW}', size: 'L' })
    expect(between(was, is)).toMatchObject([{ area: 'connection', id: 'shop', change: 'changed' }])
    expect(details(between(was, is))).toEqual([
      'settings.base: https://a → https://b',
      'settings.token: changed',
      'settings.page: no longer stated',
      'settings.size: L',
    ])
    expect(details(between({}, is))).toContain('settings.token: stated')
    expect(between(shop({ token: MARK }), shop({ token: MARK }))).toEqual([])
  })

  test('show no value of a connector that is not known here', () => {
    const unknown = (value: string) => ({
      connections: { shop: { use: 'unknown', settings: { maybe: value } } },
    })
    expect(details(between(unknown('secret-1'), unknown('secret-2')))).toEqual(['settings.maybe: changed'])
  })

  test("are seen in every part that is not a process's own", () => {
    const parts = Object.keys(ConfigFile.properties).filter(
      (p) => !(OWN_PARTS as readonly string[]).includes(p),
    )
    for (const part of parts) {
      const found = between({}, { [part]: { some: { thing: 'new' } } })
      expect(found.length, part).toBe(1)
    }
    expect(parts).toContain('alerts')
  })

  test('name channels of alerts, and no address or secret of theirs', () => {
    const channels = (url: string) => ({ alerts: { every: '1s', channels: { ops: { kind: 'wecom', url } } } })
    const found = between(channels('https://a/?key=secret-1'), channels('https://a/?key=secret-2'))
    expect(found).toMatchObject([{ area: 'alerts', change: 'changed' }])
    expect(details(found)).toEqual(['channels.ops.url: changed'])
  })

  test('count entries of code tables', () => {
    const codes = (table: object) => shop({}, { codes: { unit: table } })
    expect(details(between(codes({ a: '1', b: '2' }), codes({ a: '1', b: '3', c: '4' })))).toEqual([
      'codes.unit: 2 entries differ',
    ])
  })

  test('are told in the order of the file; what belongs to each process is none', () => {
    const was = { http: { port: 1 }, log: { level: 'info' }, flows: { a: { mode: 'shadow' }, b: {} } }
    const is = {
      http: { port: 2 },
      retention: { raw: '30d' },
      policies: { merge: true },
      flows: { a: { mode: 'live' }, c: { shops: ['x', 'y'] } },
      company: { zone: 'UTC' },
    }
    expect(between(was, is).map((d) => `${d.change} ${d.area} ${d.id}`)).toEqual([
      'added company ',
      'changed flow a',
      'removed flow b',
      'added flow c',
      'added policy merge',
      'added retention ',
    ])
    expect(between(was, { ...was, http: { port: 3 }, storage: { data: 'x' } })).toEqual([])
  })

  test('name mappings and connectors that changed, own or bundled', () => {
    const [own, bundled] = [
      (version: string) => ({ own: true, version }),
      (version: string) => ({ own: false, version }),
    ]
    const was = uses({
      connectors: { acme: own('1'), gone: own('1'), quiet: bundled('1') },
      mappings: { 'a/x.in': bundled('1'), 'a/y.in': own('1'), 'a/z.in': bundled('1'), 'a/same.in': own('1') },
    })
    const is = uses({
      connectors: { acme: own('2') },
      mappings: { 'a/x.in': own('2'), 'a/y.in': bundled('1'), 'a/z.in': bundled('2'), 'a/same.in': own('1') },
    })
    const found = differencesOf({ value: {}, uses: was }, { value: {}, uses: is }, secrets)
    expect(found.map((d) => [d.area, d.id, d.change, d.details[0]?.en])).toEqual([
      ['connector', 'acme', 'changed', '1 → 2'],
      ['connector', 'gone', 'removed', undefined],
      ['mapping', 'a/x.in', 'changed', "the project's own instead of the bundled one"],
      ['mapping', 'a/y.in', 'changed', "the bundled one instead of the project's own"],
      ['mapping', 'a/z.in', 'changed', 'comes with Tributary 0.2.0'],
    ])
  })

  test('are both languages', () => {
    for (const line of between(shop({ base: 'a' }), shop({ base: 'b' })).flatMap((d) => d.details)) {
      expect(line.zh).toContain('settings.base')
    }
  })
})

const flow = (more: Partial<FlowConfig> = {}): FlowConfig => ({
  ...{
    id: 'web',
    shops: ['shop'],
    erp: 'erp',
    from: new Date('2026-03-01T00:00:00Z'),
    mode: 'live',
    every: null,
  },
  ...{ back: [], adopt: null },
  ...more,
})
const config = (flows: FlowConfig[], connections: Record<string, object> = {}): Config =>
  ({
    flows: Object.fromEntries(flows.map((f) => [f.id, f])),
    connections: Object.fromEntries(Object.entries(connections).map(([id, c]) => [id, { id, ...c }])),
  }) as unknown as Config
const day = (n: number) => new Date(`2026-03-0${n}T00:00:00Z`)
const iso = (n: number) => day(n).toISOString()

/** What is told of a change, with these counts for whatever is asked. */
function told(before: Config, after: Config, id: string, counts: Partial<Record<keyof Impact, object>> = {}) {
  const effects = effectsOf(before, after)
  const difference: Difference = { area: 'flow', id, change: 'changed', details: [], means: [] }
  const connection: Difference = { ...difference, area: 'connection', means: [] }
  const { query } = effects
  const impact = {
    flows: query.flows.map(() => ({ shadowed: 0, planned: 0, complete: true, ...counts.flows })),
    orders: query.orders.map(() => ({ fresh: 0, unsent: 0, complete: true, ...counts.orders })),
    connections: query.connections.map(() => ({ pushes: 0, records: 0, ...counts.connections })),
  } as Impact
  effects.tell([difference, connection], impact)
  return { ...effects, means: [...difference.means, ...connection.means].map((m) => m.en) }
}

describe('effects', () => {
  test('going live says what stays shadowed, and plans nothing again', () => {
    const { means, replan } = told(config([flow({ mode: 'shadow' })]), config([flow()]), 'web', {
      flows: { shadowed: 7 },
    })
    expect(means).toEqual([
      'what is planned from then on is really sent',
      '7 shadowed documents stay shadowed',
    ])
    expect(replan).toEqual([])
  })

  test.each([
    ['off', [flow({ mode: 'off' })], 'no more orders are planned in it'],
    ['away', [], 'no more orders are planned in it'],
    ['shadow', [flow({ mode: 'shadow' })], 'what is planned from then on is not sent'],
  ])('%s says what is still sent', (_, after, say) => {
    const { means } = told(config([flow()]), config(after), 'web', { flows: { planned: 3 } })
    expect(means).toEqual([say, '3 documents that are planned are still sent; "tributary pause" holds them'])
  })

  test('an earlier start brings history in, a later one lets go what was not sent', () => {
    const earlier = told(config([flow({ from: day(5) })]), config([flow({ from: day(2) })]), 'web', {
      orders: { fresh: 4, complete: false },
    })
    expect(earlier.replan).toEqual([{ connection: 'shop', since: iso(2), until: iso(5) }])
    expect(earlier.means).toEqual(['≥ 4 orders that are in the ledger are planned again and sent'])
    const later = told(config([flow({ from: day(2) })]), config([flow({ from: day(5) })]), 'web', {
      orders: { fresh: 4, unsent: 2 },
    })
    expect(later.replan).toEqual([{ connection: 'shop', since: iso(2), until: iso(5) }])
    expect(later.means).toEqual([
      '2 orders become history and are withdrawn before they are sent; what was sent stays',
    ])
  })

  test('a flow that is new or turned on, and a shop that joins one, take in what is there', () => {
    const all = [{ connection: 'shop', since: iso(1), until: null }]
    expect(told(config([]), config([flow()]), 'web').replan).toEqual(all)
    const on = told(config([flow({ mode: 'off' })]), config([flow({ mode: 'shadow' })]), 'web', {
      orders: { fresh: 2 },
    })
    expect(on.replan).toEqual(all)
    expect(on.means).toEqual(['2 orders that are in the ledger are planned again and kept in shadow'])
    const joined = told(config([flow()]), config([flow({ shops: ['shop', 'other'] })]), 'web')
    expect(joined.replan).toEqual([{ ...all[0], connection: 'other' }])
  })

  test('another ERP says that nothing is pushed twice', () => {
    const { means } = told(config([flow()]), config([flow({ erp: 'new' })]), 'web')
    expect(means).toEqual(['what was pushed into erp stays there and is not pushed into new'])
  })

  test('a connection that goes says what waits, one that was only renamed warns', () => {
    const acme = { use: 'acme', settings: { base: 'x' } }
    const gone = told(config([], { shop: acme }), config([]), 'shop', {
      connections: { pushes: 2, records: 1 },
    })
    expect(gone.means).toHaveLength(2)
    const renamed = told(config([], { shop: acme }), config([], { store: acme }), 'store')
    expect(renamed.means[0]).toMatch(/^BEWARE: this is shop under another id/)
    const other = told(config([], { shop: acme }), config([], { shop: acme, store: acme }), 'store')
    expect(other.means).toEqual([])
  })

  test('nothing is planned again where it is not known what was active', () => {
    expect(effectsOf(null, config([flow()])).replan).toEqual([])
  })
})
