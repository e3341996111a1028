// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration look like this
// biome-ignore-all lint/suspicious/noExplicitAny: JSON answers are looked at as any script would
/** Applied configurations outlive processes: deaths in the middle of a change, older and broken files, secrets. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { CONFIGURATION_CRASH_POINTS } from '../../src/core/crash-point.ts'
import { postgresMissing, startPostgres } from '../support/services.ts'
import { ERP_TOKEN, openErp, openSite, type Ran, type Site, type SiteErp } from './site.ts'
import { until } from './stage.ts'

const ROOT = join(import.meta.dirname, '../..')
let site: Site
let erp: SiteErp
let server: Awaited<ReturnType<typeof startPostgres>> | null = null

afterEach(async () => {
  await site?.close()
  await erp?.close()
  await server?.stop()
  server = null
}, 60_000)

async function open(database?: string): Promise<any> {
  erp = await openErp()
  site = await openSite(database)
  const config = {
    company: { zone: 'Asia/Shanghai', currency: 'CNY' },
    http: { port: site.port },
    connections: {
      shop: {
        use: 'shopify',
        settings: { base: site.shop, token: '${SHOP_TOKEN}', secret: '${SHOP_SECRET}' },
        poll: { order: { lag: '0s', overlap: '3s' } },
      },
      erp: { use: 'naive-erp', settings: { base: erp.url, token: '${ERP_TOKEN}', settle: '300ms' } as any },
    },
    flows: {
      web: { shops: ['shop'], erp: 'erp', from: '2020-01-01T00:00:00Z', mode: 'live', every: '* * * * * *' },
    },
  }
  site.write('tributary.yaml', config)
  return config
}

const MAPPING = 'mappings/naive-erp/order.out.yaml'
const channel = (text: string) => `extends: ${join(ROOT, MAPPING)}\nfields: { channel: "'${text}'" }\n`

const json = async (...args: string[]) => JSON.parse((await site.run([...args, '--json'])).out)
const active = async () => (await json('configuration', 'list')).items[0]

function good({ code, out, err }: Ran): string {
  expect([code, err]).toEqual([0, expect.anything()])
  return out
}

const arrived = () =>
  until(
    'every order is in the ERP once',
    async () => {
      const held = (await erp.held()).map((d) => d.source)
      expect(held.length).toBe(new Set(held).size)
      return held.length > 0 && held.length === (await site.sold()).length
    },
    60_000,
  )

describe.each([
  { name: 'the embedded ledger', roles: ['start'] as const, missing: null },
  { name: 'PostgreSQL', roles: ['work', 'serve'] as const, missing: postgresMissing() },
])('a process killed while it takes a configuration over, on $name', ({ roles, missing }) => {
  it.skipIf(missing).each(CONFIGURATION_CRASH_POINTS)(
    'at %s: orders go on, and it comes back with the new one',
    async (point) => {
      server = roles.length > 1 ? await startPostgres() : null
      await open(server?.url)
      const [role, ...others] = roles
      const first = await site.start(role, [], { TRIBUTARY_CRASH_AT: point })
      for (const other of others) await site.start(other)
      await site.sell(3)
      await until('the first are there', async () => (await erp.held()).length === 3)
      site.write(MAPPING, channel('new'))
      const selling = site.sell(3)
      const ran = await site.run(['apply', '--yes', '--json'])
      expect(await first.ended).toBe('SIGKILL')
      await selling
      // the one that died cannot be waited for; on a server the other one has it
      expect([0, 1]).toContain(ran.code)
      expect((await active()).kind).toBe('apply')
      const second = await site.start(role)
      await site.sell(2)
      await arrived()
      expect((await erp.held()).filter((d) => d.channel === 'new').length).toBeGreaterThanOrEqual(2)
      expect(second.log()).not.toContain('configuration.unapplied')
      const doctor = await site.run(['doctor'])
      expect(doctor.out).toContain(`configuration: activation ${(await active()).id}`)
    },
  )
})

describe.skipIf(postgresMissing())('of two that work, one that cannot take a configuration over', () => {
  it('leaves planning to the other: not one order more is planned by the old one', async () => {
    server = await startPostgres()
    const config = await open(server.url)
    config.flows.web.mode = 'shadow'
    site.write('tributary.yaml', config)
    const given = { NEW_TOKEN: ERP_TOKEN }
    await site.start('serve', [], given)
    const able = await site.start('work', ['--no-health'], given)
    const unable = await site.start('work', ['--no-health'])
    await site.sell(2)
    const shadowed = async () => (await json('push', 'list', '--mode', 'shadow')).items.length
    await until('the first are shadowed', async () => (await shadowed()) === 2)
    config.flows.web.mode = 'live'
    config.connections.erp.settings.token = '${NEW_TOKEN}'
    site.write('tributary.yaml', config)
    const ran = await site.run(['apply', '--yes', '--json'], given)
    expect(ran.code).toBe(1)
    const taken = JSON.parse(ran.out).processes.filter((p: any) => p.taken !== null)
    expect(taken.map((p: any) => p.process.pid)).toContain(able.pid)
    expect(taken.map((p: any) => p.process.pid)).not.toContain(unable.pid)
    for (let n = 0; n < 12; n++) await site.sell(1)
    const wanted = (await site.sold()).length - 2
    await until(
      'all that came after are in the ERP',
      async () => (await erp.held()).length === wanted,
      60_000,
    )
    const list = await site.run(['push', 'list', '--mode', 'shadow', '--json'], given)
    expect(JSON.parse(list.out).items).toHaveLength(2)
    // the only one that can dies: the other goes on by the old one after a while, so that nothing stands still
    await able.end('SIGKILL')
    await site.sell(1)
    const left = async () =>
      JSON.parse((await site.run(['push', 'list', '--mode', 'shadow', '--json'], given)).out).items.length
    await until('the last one is planned all the same', async () => (await left()) === 3, 60_000)
  })
})

describe('a process that starts', () => {
  it('with an older file runs by what was applied, says so, and follows the file only when told', async () => {
    const config = await open()
    site.write('tributary.yaml', { ...config, flows: { web: { ...config.flows.web, mode: 'shadow' } } })
    let running = await site.start('start')
    site.write('tributary.yaml', config)
    site.write(MAPPING, channel('applied'))
    good(await site.run(['apply', '--yes']))
    await running.end('SIGTERM')
    // somebody puts the older files back, and forgets to say so
    rmSync(join(site.folder, MAPPING))
    site.write('tributary.yaml', { ...config, flows: { web: { ...config.flows.web, mode: 'shadow' } } })
    running = await site.start('start')
    expect(running.log()).toContain('configuration.unapplied')
    await site.sell(2)
    await arrived()
    expect((await erp.held()).every((d) => d.channel === 'applied')).toBe(true)
    expect((await site.run(['check'])).out).toContain('changes that are not applied')
    const doctor = await site.run(['doctor'])
    expect(doctor.code).toBe(4)
    expect(doctor.out).toMatch(/started with changes in its file that are not applied: all \d+/)
    await running.end('SIGTERM')
    running = await site.start('start', ['--apply'])
    expect(running.log()).not.toContain('configuration.unapplied')
    expect(await active()).toMatchObject({ kind: 'apply' })
    await site.sell(1)
    const pushes = () => json('push', 'list', '--mode', 'shadow')
    await until('the file counts', async () => (await pushes()).items.length === 1)
    expect((await site.run(['doctor'])).code).toBe(0)
  })

  it('with a file that is wrong runs by what was applied; without that it does not start', async () => {
    const config = await open()
    const wrong = { ...config, flows: { web: { ...config.flows.web, erp: 'erpp' } } }
    site.write('tributary.yaml', wrong)
    await expect(site.start('start')).rejects.toThrow('CONFIG_UNKNOWN_CONNECTION')
    site.write('tributary.yaml', config)
    // nothing runs: it counts from the next start on
    expect(good(await site.run(['apply', '--yes']))).toContain('no process runs')
    site.write('tributary.yaml', wrong)
    const running = await site.start('start')
    expect(running.log()).toContain('configuration.file-wrong')
    await site.sell(1)
    await arrived()
    // returning needs no file either; nothing was active before
    const back = await site.run(['rollback', '--yes'])
    expect([back.code, back.err]).toEqual([1, expect.stringContaining('CONFIGURATION_NONE')])
    expect(good(await site.run(['rollback', (await active()).id, '--yes']))).toContain('nothing differs')
    await running.end('SIGTERM')
    await expect(site.start('start', ['--apply'])).rejects.toThrow('CONFIG_UNKNOWN_CONNECTION')
  })

  it('by files of its own goes on as any program does, as long as nothing is applied', async () => {
    const config = await open()
    await (await site.start('start')).end('SIGTERM')
    site.write(MAPPING, channel('edited'))
    const running = await site.start('start')
    await site.sell(1)
    await arrived()
    expect((await erp.held())[0]!.channel).toBe('edited')
    expect(running.log()).not.toContain('configuration.')
    expect((await json('configuration', 'list')).items.map((a: any) => a.kind)).toEqual(['start', 'start'])
    site.write('tributary.yaml', { ...config, log: { level: 'debug' } })
    // what belongs to each process is no change of the configuration
    expect(good(await site.run(['apply', '--dry-run']))).toContain('nothing differs')
  })
})

describe('secrets that are written out', () => {
  it('are not stored, and a new one counts once it is applied', async () => {
    const config = await open()
    config.connections.erp.settings.token = 'the-wrong-one-of-may'
    site.write('tributary.yaml', config)
    await site.start('start')
    await site.sell(1)
    const paused = async () => (await json('pause')).length
    await until('the connection is paused', async () => (await paused()) === 1)
    config.connections.erp.settings.token = ERP_TOKEN
    site.write('tributary.yaml', config)
    const seen = await site.run(['apply', '--dry-run'])
    expect([seen.code, seen.out]).toEqual([0, expect.stringContaining('connections.erp.settings.token')])
    good(await site.run(['apply', '--yes']))
    good(await site.run(['resume', '--connection', 'erp']))
    await arrived()
    const stored = JSON.stringify(await json('configuration', 'show'))
    expect(stored).toContain('${=file}')
    for (const secret of ['the-wrong-one-of-may', ERP_TOKEN]) expect(stored).not.toContain(secret)
  })
})

describe('connectors of the project', () => {
  const hooks = (text: string) => `import type { Hooks } from 'tributary/hooks'
import { channel } from './channel.ts'
export default {
  write: { order: { async render(document, context, tools) {
    const { value, version } = await tools.map('order.out', document, context)
    const made = { ...(value as Record<string, unknown>), channel: channel + '${text}' }
    const { number, total } = made as { number?: string; total?: string }
    return {
      body: Buffer.from(JSON.stringify(made)), contentType: 'application/json', mappingVersion: version,
      check: { number: number ?? null, total: total ?? null, lines: null },
    }
  } } },
} satisfies Hooks
`
  it('change under a running process, code and all', async () => {
    const config = await open()
    const bundled = (path: string) => readFileSync(join(ROOT, path), 'utf8')
    const manifest = bundled('connectors/naive-erp/connector.yaml').replace('id: naive-erp', 'id: my-erp')
    site.write('connectors/my-erp/connector.yaml', manifest)
    site.write('connectors/my-erp/hooks.ts', hooks(' one'))
    site.write('connectors/my-erp/channel.ts', `export const channel = 'mine'\n`)
    site.write('mappings/my-erp/order.out.yaml', bundled(MAPPING))
    config.connections.erp.use = 'my-erp'
    site.write('tributary.yaml', config)
    const running = await site.start('start')
    await site.sell(1)
    await arrived()
    site.write('connectors/my-erp/hooks.ts', hooks(' two'))
    const answer = JSON.parse(good(await site.run(['apply', '--yes', '--json'])))
    expect(answer.differences).toMatchObject([{ area: 'connector', id: 'my-erp', change: 'changed' }])
    await site.sell(1)
    await arrived()
    expect((await erp.held()).map((d) => d.channel)).toEqual(['mine one', 'mine two'])
    // it runs by what was applied, whatever lies on the disk now
    site.write('connectors/my-erp/hooks.ts', 'this is no code')
    const broken = await site.run(['apply', '--yes'])
    expect([broken.code, broken.err]).toEqual([3, expect.stringContaining('CONNECTOR_HOOKS')])
    rmSync(join(site.folder, 'connectors'), { recursive: true })
    site.write('tributary.yaml', config)
    good(await site.run(['rollback', '--yes']))
    await site.sell(1)
    await arrived()
    expect((await erp.held()).at(-1)!.channel).toBe('mine one')
    // laid out once, for what runs by it; nothing is left behind
    const laidOut = () => readdirSync(join(site.folder, 'tmp')).filter((f) => f.startsWith('tributary-'))
    expect(laidOut()).toHaveLength(1)
    await running.end('SIGTERM')
    expect(laidOut()).toEqual([])
  })
})
