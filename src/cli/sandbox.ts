/** `tributary sandbox <system>`: a stand-in that speaks a real system's protocol, with faults on demand. */
import type { Command } from 'commander'
import { runtimeError } from '../core/errors/runtime.ts'
import { DOUYIN_OPTIONS } from '../sandbox/douyin/options.ts'
import { LUMAVEGA_OPTIONS } from '../sandbox/lumavega/options.ts'
import { NAIVE_ERP_OPTIONS } from '../sandbox/naive-erp/options.ts'
import { NC_CLOUD_OPTIONS } from '../sandbox/nc-cloud/options.ts'
import { ODOO_OPTIONS } from '../sandbox/odoo/options.ts'
import { PINDUODUO_OPTIONS } from '../sandbox/pinduoduo/options.ts'
import { QIMEN_OPTIONS } from '../sandbox/qimen/options.ts'
import { SHOPIFY_OPTIONS } from '../sandbox/shopify/options.ts'
import { TAOBAO_OPTIONS } from '../sandbox/taobao/options.ts'
import { YONYOU_NC_OPTIONS } from '../sandbox/yonyou-nc/options.ts'
import type { Cli } from './context.ts'
import { listenForStop } from './stop.ts'

interface OptionText {
  type: string
  default?: string | number | boolean
  description: string
}

interface Sandbox {
  options: Readonly<Record<string, OptionText>>
  /** For what a stand-in must be given and a person trying it out need not care about. */
  defaults: Record<string, string>
  start(options: Record<string, unknown>): Promise<{ url: string; close(): Promise<void> }>
}

/** Modules are loaded when asked for: no other command pays for them. */
export const SANDBOXES: Record<string, Sandbox> = {
  shopify: {
    options: SHOPIFY_OPTIONS,
    defaults: { token: 'shpat_sandbox', secret: 'sandbox-secret' },
    start: async (o) => (await import('../sandbox/shopify/server.ts')).startShopify(o as never),
  },
  taobao: {
    options: TAOBAO_OPTIONS,
    defaults: { appKey: '12345678', appSecret: 'sandbox-secret', session: 'sandbox-session' },
    start: async (o) => (await import('../sandbox/taobao/server.ts')).startTaobao(o as never),
  },
  pinduoduo: {
    options: PINDUODUO_OPTIONS,
    defaults: { clientId: 'sandbox-client', clientSecret: 'sandbox-secret', accessToken: 'sandbox-token' },
    start: async (o) => (await import('../sandbox/pinduoduo/server.ts')).startPinduoduo(o as never),
  },
  lumavega: {
    options: LUMAVEGA_OPTIONS,
    defaults: {
      appKey: '10020030',
      appSecret: 'sandbox-app-secret',
      session: 'sandbox-session',
      hookSecret: 'sandbox-hook-secret',
    },
    start: async (o) => (await import('../sandbox/lumavega/server.ts')).startLumavega(o as never),
  },
  douyin: {
    options: DOUYIN_OPTIONS,
    defaults: { appKey: '3456789012345678901', appSecret: 'sandbox-secret', shopId: '4463798' },
    start: async (o) => (await import('../sandbox/douyin/server.ts')).startDouyin(o as never),
  },
  'yonyou-nc': {
    options: YONYOU_NC_OPTIONS,
    defaults: { account: 'develop', group: '0001', senders: 'tributary' },
    start: async (o) => (await import('../sandbox/yonyou-nc/server.ts')).startYonyouNc(o as never),
  },
  'nc-cloud': {
    options: NC_CLOUD_OPTIONS,
    defaults: { clientId: 'tributary', clientSecret: 'sandbox-secret', bizCenters: 'develop' },
    start: async (o) => (await import('../sandbox/nc-cloud/server.ts')).startNcCloud(o as never),
  },
  'naive-erp': {
    options: NAIVE_ERP_OPTIONS,
    defaults: { token: 'naive-sandbox' },
    start: async (o) => (await import('../sandbox/naive-erp/server.ts')).startNaiveErp(o as never),
  },
  odoo: {
    options: ODOO_OPTIONS,
    defaults: { apiKey: 'odoo-sandbox' },
    start: async (o) => (await import('../sandbox/odoo/server.ts')).startOdoo(o as never),
  },
  qimen: {
    options: QIMEN_OPTIONS,
    defaults: { appKey: '12345678', secret: 'sandbox-secret', customerId: 'c1234567890' },
    start: async (o) => (await import('../sandbox/qimen/server.ts')).startQimen(o as never),
  },
}

export function sandbox(cli: Cli): Command {
  const group = cli.program.command('sandbox').description(cli.say('sandbox'))
  for (const [name, system] of Object.entries(SANDBOXES)) {
    const command = group.command(name).description(cli.say('sandbox.one', { name }))
    for (const [option, { type, description }] of Object.entries(system.options)) {
      const standard = system.options[option]!.default ?? system.defaults[option]
      const flag = type === 'boolean' ? `--${kebab(option)}` : `--${kebab(option)} <${type}>`
      command.option(flag, standard === undefined ? description : `${description} (${standard})`)
    }
    command.action((given: Record<string, string | true>) => run(cli, name, system, given))
  }
  return group
}

async function run(
  cli: Cli,
  name: string,
  system: Sandbox,
  given: Record<string, string | true>,
): Promise<void> {
  const options: Record<string, unknown> = {}
  for (const [option, spec] of Object.entries(system.options)) {
    const value = given[option] ?? system.defaults[option]
    if (value !== undefined) options[option] = read(option, spec.type, value)
  }
  const stop = listenForStop(cli)
  const server = await system.start(options)
  cli.show({ sandbox: name, url: server.url, pid: process.pid }, () => {
    const lines = [cli.say('sandbox.listens', { name, url: server.url })]
    for (const [option, value] of Object.entries(system.defaults))
      lines.push(`  ${option}: ${given[option] ?? value}`)
    lines.push(cli.say('sandbox.faults', { url: server.url }))
    return lines.join('\n')
  })
  await stop.wait(() => server.close())
}

function read(option: string, type: string, value: string | true): unknown {
  if (value === true || type === 'string') return value
  const parts = value.split(',').map((part) => part.trim())
  if (type === 'list') return parts
  const numbers = parts.map(Number)
  const wanted = type === 'range' ? 2 : 1
  if (numbers.length !== wanted || numbers.some((n) => !Number.isFinite(n))) {
    throw runtimeError('RUNTIME_REQUEST', { field: `--${kebab(option)}`, reason: type })
  }
  return type === 'range' ? numbers : numbers[0]
}

const kebab = (name: string) => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)
