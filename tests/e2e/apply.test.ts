// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration look like this
// biome-ignore-all lint/suspicious/noExplicitAny: JSON answers are looked at as any script would
/**
 * A configuration is changed under running processes while orders stream in: each change counts within two seconds,
 * nobody is started anew, and nothing is lost or doubled.
 */
import { rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startShopify } from '../../src/sandbox/shopify/server.ts'
import { startRobots } from '../support/robots.ts'
import { postgresMissing, startPostgres } from '../support/services.ts'
import { type StandingBetween, startProxy } from './altering-proxy.ts'
import { openErp, openSite, type Process, type Ran, SECRETS, type Site, type SiteErp } from './site.ts'
import { until } from './stage.ts'

const BUNDLED = join(import.meta.dirname, '../../mappings/naive-erp/order.out.yaml')
const YEARLY = '0 0 0 29 2 *'
const EACH_SECOND = '* * * * * *'

const KINDS = [
  { name: 'the embedded ledger', missing: null, roles: ['start'] as const, database: null },
  {
    name: 'PostgreSQL, one that serves and two that work',
    missing: postgresMissing(),
    roles: ['serve', 'work', 'work'] as const,
    database: startPostgres,
  },
]

describe.each(KINDS)('apply on $name', ({ missing, roles, database }) => {
  describe.skipIf(missing)('', () => {
    let server: Awaited<ReturnType<typeof startPostgres>> | null = null
    let site: Site
    let erp: SiteErp
    /** Two addresses of that ERP. */
    let doors: [StandingBetween, StandingBetween]
    let quiet: Awaited<ReturnType<typeof startShopify>>
    const processes: Process[] = []
    let config: any

    beforeAll(async () => {
      server = (await database?.()) ?? null
      erp = await openErp()
      doors = [await startProxy({ to: erp.url }), await startProxy({ to: erp.url })]
      // a second shop, which sends no webhooks
      quiet = await startShopify({ token: SECRETS.SHOP_TOKEN, secret: SECRETS.SHOP_SECRET })
      site = await openSite(server?.url)
      config = baseConfig(site, doors[0].url)
      site.write('tributary.yaml', config)
      for (const role of roles) processes.push(await site.start(role, role === 'work' ? ['--no-health'] : []))
    }, 180_000)

    afterAll(async () => {
      await site?.close()
      await Promise.all([...(doors ?? []), erp, quiet].map((one) => one?.close()))
      await server?.stop()
    }, 60_000)

    /** Writes the file and applies it; every process must have it within two seconds. */
    async function apply(change: (file: any) => void): Promise<any> {
      change(config)
      site.write('tributary.yaml', config)
      const answer = answered(await site.run(['apply', '--yes', '--json']))
      expect(answer.processes.map((p: any) => p.process.pid).sort()).toEqual(
        processes.map((p) => p.pid).sort(),
      )
      for (const p of answer.processes) expect(p.taken, JSON.stringify(p)).toBeLessThan(2_000)
      return answer
    }

    const held = () => erp.held()
    const untilAll = (ids: () => Promise<string[]>) =>
      until(
        'every order is in the ERP',
        async () => {
          const there = new Set((await held()).map((d) => d.source))
          return (await ids()).every((id) => there.has(id))
        },
        60_000,
      )

    it('says what going live means, and sends from then on only what comes then', async () => {
      await site.sell(4)
      await until('they are shadowed', async () => (await counts(site)).shadowed === 4)
      const before = await site.sold()
      const seen = await site.run(['apply', '--dry-run'])
      expect([seen.code, seen.out]).toEqual([0, expect.stringContaining('nothing differs')])
      const { differences } = await apply((file) => {
        file.flows.web.mode = 'live'
      })
      expect(differences).toMatchObject([{ area: 'flow', id: 'web', change: 'changed' }])
      expect(differences[0].details.map((d: any) => d.en)).toEqual(['mode: shadow → live'])
      expect(differences[0].means.map((d: any) => d.en)).toContain('4 shadowed documents stay shadowed')
      await site.sell(3)
      await untilAll(async () => (await site.sold()).filter((id) => !before.includes(id)))
      expect((await held()).filter((d) => before.includes(d.source))).toEqual([])
    })

    it('changes a mapping, the address of an ERP, its pace, code tables and a schedule while orders stream in', async () => {
      const known = new Set((await held()).map((d) => d.source))
      const shadowed = (await site.sold()).filter((id) => !known.has(id))
      const stream = streamOrders(site)
      const own = join(site.folder, 'mappings/naive-erp')
      site.write(
        'mappings/naive-erp/order.out.yaml',
        `extends: ${relative(own, BUNDLED)}\nfields: { channel: "'second'" }\n`,
      )
      const mapping = await apply(() => undefined)
      expect(mapping.differences).toMatchObject([
        { area: 'mapping', id: 'naive-erp/order.out', change: 'changed' },
      ])
      expect(mapping.differences[0].means[0].en).toMatch(/of the newest \d+ documents \d+ would be written/)
      await until('it is used', async () => (await held()).some((d) => d.channel === 'second'))
      const moved = await apply((file) => {
        file.connections.erp.settings.base = doors[1].url
        file.connections.erp.concurrency = 2
        file.connections.erp.codes = { unused: { a: 'b' } }
      })
      const details = moved.differences[0].details.map((d: any) => d.en)
      expect(details).toContain(`settings.base: ${doors[0].url} → ${doors[1].url}`)
      await until('the other address is used', () => doors[1].passed.length > 0)
      // what was in hand at the swap ended by where it began
      const last = doors[0].passed.length
      await apply((file) => {
        file.flows.web.every = '*/3 * * * * *'
        file.connections.erp.concurrency = 6
      })
      await stream.stop()
      expect(doors[0].passed.length - last).toBeLessThan(10)
      await untilAll(async () => (await site.sold()).filter((id) => !shadowed.includes(id)))
      expectOnce(await held(), shadowed, await site.sold())
    })

    it('adds a connection and reads it, changes its schedule, brings history in, and takes it away again', async () => {
      const sold = () => site.sold(quiet.url)
      await site.sell(2, quiet.url)
      await apply((file) => {
        // a flow that begins later reads from now on, less the overlap: what was just sold is to be in it
        const poll = { order: { lag: '0s', overlap: '2m' } }
        file.connections.quiet = { ...connectionOf(quiet.url), poll }
        file.flows.later = {
          ...file.flows.web,
          shops: ['quiet'],
          every: YEARLY,
          from: '2100-01-01T00:00:00Z',
        }
      })
      // read once at the start of its schedule, and kept as history
      await until('its orders are known', async () => (await orders(site, 'quiet')).length === 2)
      await site.sell(2, quiet.url)
      await apply((file) => {
        file.flows.later.every = EACH_SECOND
      })
      await until('its schedule counts', async () => (await orders(site, 'quiet')).length === 4)
      expect((await held()).filter((d) => d.channel === 'quiet')).toEqual([])
      const history = await apply((file) => {
        file.flows.later.from = '2020-01-01T00:00:00Z'
      })
      const means = history.differences[0].means.map((d: any) => d.en)
      expect(means).toEqual(['4 orders that are in the ledger are planned again and sent'])
      await untilAll(sold)
      await apply((file) => {
        delete file.connections.quiet
        delete file.flows.later
      })
      await site.sell(1, quiet.url)
      await site.sell(1)
      await untilAll(async () => (await site.sold()).slice(-1))
      expect((await orders(site, 'quiet')).length).toBe(4)
    })

    it('tells a channel that was added what is wrong, and none that was taken away', async () => {
      const robots = await startRobots()
      const { webhook, wecom } = robots.channels()
      await apply((file) => {
        file.alerts = { every: '1s', channels: { webhook } }
        file.connections.quiet = connectionOf(quiet.url)
        file.connections.quiet.settings.token = 'no-token-of-this-shop'
        file.flows.later = { ...file.flows.web, shops: ['quiet'], every: EACH_SECOND }
      })
      await until('it is told', () => robots.of('webhook').some((t) => t.text.includes('quiet')), 30_000)
      await apply((file) => {
        file.alerts = { every: '1s', channels: { wecom } }
        delete file.connections.quiet
        delete file.flows.later
      })
      const told = robots.of('webhook').length
      expect((await site.run(['resume', '--connection', 'quiet'])).code).toBe(0)
      await until('its end is told', () => robots.of('wecom').length > 0, 30_000)
      expect(robots.of('webhook')).toHaveLength(told)
      await apply((file) => delete file.alerts)
      await robots.close()
    }, 120_000)

    it('refuses what is wrong, and everything goes on as it was', async () => {
      const { active } = await state(site)
      const wrong: [(file: any) => void, string][] = [
        [(file) => delete file.flows.web.erp, 'YAML_MISSING_KEY'],
        [(file) => (file.connections.erp.use = 'naive-epr'), 'CONFIG_UNKNOWN_CONNECTOR'],
        [(file) => (file.connections.erp.settings.token = '${NOT_SET}'), 'CONFIG_SECRET_MISSING'],
      ]
      for (const [break_, code] of wrong) {
        const file = structuredClone(config)
        break_(file)
        site.write('tributary.yaml', file)
        const { code: exit, err } = await site.run(['apply', '--yes'])
        expect([exit, err]).toEqual([3, expect.stringContaining(code)])
      }
      site.write('tributary.yaml', config)
      const mapping = 'mappings/naive-erp/order.out.yaml'
      site.write(
        mapping,
        'from: order\nto: naive-erp/order\nfields: { reference: "$push.key", total: "totals." }\n',
      )
      const broken = await site.run(['apply', '--yes'])
      expect([broken.code, broken.err]).toEqual([3, expect.stringContaining('MAPPING_SYNTAX')])
      const good = `extends: ${relative(join(site.folder, 'mappings/naive-erp'), BUNDLED)}\nfields: { channel: "'third'" }\n`
      site.write(mapping, good)
      const cases = { cases: [{ name: 'a case', input: {}, expectPart: { channel: 'fourth' } }] }
      site.write('mappings/naive-erp/order.out.test.yaml', cases)
      const failing = await site.run(['apply', '--yes'])
      expect([failing.code, failing.err]).toEqual([3, expect.stringContaining('a case')])
      rmSync(join(site.folder, 'mappings/naive-erp/order.out.test.yaml'))
      site.write(mapping, good.replace('third', 'second'))
      expect((await state(site)).active).toEqual(active)
      await site.sell(1)
      await untilAll(async () => (await site.sold()).slice(-1))
    })

    it('is incomplete where a process lacks a variable: that one stays, says so, and rollback ends it', async () => {
      config.connections.erp.settings.token = '${NEW_TOKEN}'
      site.write('tributary.yaml', config)
      const given = { NEW_TOKEN: SECRETS.ERP_TOKEN }
      const ran = await site.run(['apply', '--yes', '--json'], given)
      expect(ran.code).toBe(1)
      const answer = JSON.parse(ran.out)
      expect(answer.complete).toBe(false)
      for (const p of answer.processes) {
        expect([p.taken, p.process.problem.code]).toEqual([null, 'CONFIG_SECRET_MISSING'])
        expect(p.process.problem.say.en).toContain('NEW_TOKEN')
      }
      // orders go on by the one before
      await site.sell(2)
      await untilAll(async () => (await site.sold()).slice(-2))
      const doctor = await site.run(['doctor'], given)
      expect([doctor.code, doctor.out]).toEqual([
        1,
        expect.stringContaining('stays with the configuration before'),
      ])
      expect(processes.every((p) => p.log().includes('configuration.refused'))).toBe(true)
      const back = answered(await site.run(['rollback', '--yes', '--json', '--why', 'not there yet'], given))
      expect(back.complete).toBe(true)
      // also while the file on the disk cannot be loaded here
      const list = JSON.parse((await site.run(['configuration', 'list', '--json'])).out).items
      expect(list[0]).toMatchObject({
        kind: 'rollback',
        why: 'not there yet',
        configuration: list[2].configuration,
      })
      const well = await site.run(['doctor'], given)
      // the file still holds what was rolled back
      expect([well.code, well.out]).toEqual([4, expect.stringContaining('configuration:file')])
      const shown = await site.run(['configuration', 'show', list[0].id, '--file', 'tributary.yaml'])
      site.write('tributary.yaml', shown.out)
      expect((await site.run(['apply', '--dry-run'])).code).toBe(0)
    })

    it('nobody was started anew, and every order is in the ERP once', async () => {
      for (const p of processes) expect(process.kill(p.pid, 0)).toBe(true)
      expect(new Set((await held()).map((d) => d.reference)).size).toBe((await held()).length)
      const parked = (await json(site, 'parked', 'list', '--limit', '500')).items
      expect(
        parked.map((p: any) => `${p.connection} ${p.what} ${p.code} ${p.order} ${p.message.en}`),
      ).toEqual([])
    })
  })
})

function baseConfig(site: Site, erp: string) {
  return {
    company: { zone: 'Asia/Shanghai', currency: 'CNY' },
    http: { port: site.port },
    connections: {
      shop: connectionOf(site.shop),
      erp: {
        use: 'naive-erp',
        settings: { base: erp, token: '${ERP_TOKEN}', settle: '300ms' },
        concurrency: 3,
      },
    },
    flows: {
      web: { shops: ['shop'], erp: 'erp', from: '2020-01-01T00:00:00Z', mode: 'shadow', every: EACH_SECOND },
    },
  }
}

function connectionOf(base: string) {
  return {
    use: 'shopify',
    settings: { base, token: '${SHOP_TOKEN}', secret: '${SHOP_SECRET}' },
    poll: { order: { lag: '0s', overlap: '3s' } },
  }
}

/** Sells an order several times a second until it is stopped. */
function streamOrders(site: Site) {
  let on = true
  const selling = (async () => {
    while (on) {
      await site.sell(1)
      await new Promise((resolve) => setTimeout(resolve, 120))
    }
  })()
  return {
    stop() {
      on = false
      return selling
    },
  }
}

function answered({ code, out, err }: Ran): any {
  expect([code, err]).toEqual([0, expect.anything()])
  return JSON.parse(out)
}

const json = async (site: Site, ...args: string[]) => JSON.parse((await site.run([...args, '--json'])).out)

/** Over the API of the process that listens. */
async function counts(site: Site): Promise<any> {
  const list = (await json(site, 'push', 'list', '--limit', '500')).items
  return {
    shadowed: list.filter((p: any) => p.state === 'shadowed').length,
    parked: (await json(site, 'parked', 'list')).items.length,
  }
}

const orders = async (site: Site, connection: string): Promise<any[]> =>
  (await json(site, 'orders', 'list', '--connection', connection, '--limit', '500')).items

const state = async (site: Site): Promise<any> => {
  const list = (await json(site, 'configuration', 'list')).items
  return { active: list[0] }
}

function expectOnce(held: { source: string; reference: string }[], without: string[], sold: string[]): void {
  const ids = held.map((d) => d.source)
  expect(ids.length).toBe(new Set(ids).size)
  expect([...ids].sort()).toEqual(sold.filter((id) => !without.includes(id)).sort())
}
