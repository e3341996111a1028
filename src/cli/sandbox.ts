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
import { SANDBOX_DEFAULTS } from './sandbox-defaults.ts'
import { listenForStop } from './stop.ts'

interface OptionText {
  type: string
  default?: string | number | boolean
  description: string
}

interface Sandbox {
  options: Readonly<Record<string, OptionText>>
  start(options: Record<string, unknown>): Promise<{ url: string; close(): Promise<void> }>
}

/** Modules are loaded when asked for: no other command pays for them. */
const SANDBOXES: Record<keyof typeof SANDBOX_DEFAULTS, Sandbox> = {
  shopify: {
    options: SHOPIFY_OPTIONS,
    start: async (o) => (await import('../sandbox/shopify/server.ts')).startShopify(o as never),
  },
  taobao: {
    options: TAOBAO_OPTIONS,
    start: async (o) => (await import('../sandbox/taobao/server.ts')).startTaobao(o as never),
  },
  pinduoduo: {
    options: PINDUODUO_OPTIONS,
    start: async (o) => (await import('../sandbox/pinduoduo/server.ts')).startPinduoduo(o as never),
  },
  lumavega: {
    options: LUMAVEGA_OPTIONS,
    start: async (o) => (await import('../sandbox/lumavega/server.ts')).startLumavega(o as never),
  },
  douyin: {
    options: DOUYIN_OPTIONS,
    start: async (o) => (await import('../sandbox/douyin/server.ts')).startDouyin(o as never),
  },
  'yonyou-nc': {
    options: YONYOU_NC_OPTIONS,
    start: async (o) => (await import('../sandbox/yonyou-nc/server.ts')).startYonyouNc(o as never),
  },
  'nc-cloud': {
    options: NC_CLOUD_OPTIONS,
    start: async (o) => (await import('../sandbox/nc-cloud/server.ts')).startNcCloud(o as never),
  },
  'naive-erp': {
    options: NAIVE_ERP_OPTIONS,
    start: async (o) => (await import('../sandbox/naive-erp/server.ts')).startNaiveErp(o as never),
  },
  odoo: {
    options: ODOO_OPTIONS,
    start: async (o) => (await import('../sandbox/odoo/server.ts')).startOdoo(o as never),
  },
  qimen: {
    options: QIMEN_OPTIONS,
    start: async (o) => (await import('../sandbox/qimen/server.ts')).startQimen(o as never),
  },
}

export function sandbox(cli: Cli): Command {
  const group = cli.program.command('sandbox').description(cli.say('sandbox'))
  for (const [name, system] of Object.entries(SANDBOXES)) {
    const defaults: Record<string, string> = SANDBOX_DEFAULTS[name as keyof typeof SANDBOXES]
    const command = group.command(name).description(cli.say('sandbox.one', { name }))
    for (const [option, { type, description }] of Object.entries(system.options)) {
      const standard = system.options[option]!.default ?? defaults[option]
      const flag = type === 'boolean' ? `--${kebab(option)}` : `--${kebab(option)} <${type}>`
      command.option(flag, standard === undefined ? description : `${description} (${standard})`)
    }
    command.action((given: Record<string, string | true>) => run(cli, { name, system, defaults }, given))
  }
  return group
}

async function run(
  cli: Cli,
  { name, system, defaults }: { name: string; system: Sandbox; defaults: Record<string, string> },
  given: Record<string, string | true>,
): Promise<void> {
  const options: Record<string, unknown> = {}
  for (const [option, spec] of Object.entries(system.options)) {
    const value = given[option] ?? defaults[option]
    if (value !== undefined) options[option] = read(option, spec.type, value)
  }
  const stop = listenForStop(cli)
  const server = await system.start(options)
  cli.show({ sandbox: name, url: server.url, pid: process.pid }, () => {
    const lines = [cli.say('sandbox.listens', { name, url: server.url })]
    for (const [option, value] of Object.entries(defaults))
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
