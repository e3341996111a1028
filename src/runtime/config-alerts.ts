/** `alerts:` of tributary.yaml: channels, and what goes where. */
import type { ChannelSettings } from '../alerts/channel.ts'
import { DINGTALK } from '../alerts/dingtalk.ts'
import { FEISHU } from '../alerts/feishu.ts'
import type { QuietHours, Route } from '../alerts/routes.ts'
import { secretBytes } from '../alerts/webhook.ts'
import { WECOM } from '../alerts/wecom.ts'
import { ALERT_LEVELS, type AlertLevel } from '../core/alerts.ts'
import type { Phrase } from '../core/errors/error.ts'
import type { YamlPath } from '../core/yaml.ts'
import { type ConfigContext, readDuration } from './config-connections.ts'
import type { ChannelFile } from './schema-alerts.ts'

export interface AlertConfig {
  channels: Record<string, ChannelSettings>
  routes: Route[]
  quiet: QuietHours | null
  /** Milliseconds; null: never. */
  remind: number | null
  /** How far apart looks are. Milliseconds. */
  every: number
  language: 'en' | 'zh'
}

const REMIND = 4 * 3600_000
const EVERY = 30_000
const EVERY_MOST = 300_000
const PORTS = { tls: 465, starttls: 587, none: 25 }

/** Everything with defaults filled in; mistakes go to `problems`. */
export function readAlerts(context: ConfigContext): AlertConfig {
  const { channels = {}, send, quiet, remind, every, language } = context.file.alerts ?? {}
  const names = Object.keys(channels)
  const opened: Record<string, ChannelSettings> = {}
  for (const [name, given] of Object.entries(channels)) {
    const settings = readChannel(context, ['alerts', 'channels', name], given)
    if (settings) opened[name] = settings
  }
  const routes = (send ?? []).map(({ level, to, causes }, i): Route => {
    for (const [at, name] of to.entries()) {
      if (!names.includes(name)) {
        context.problems.addName('CONFIG_UNKNOWN_CHANNEL', ['alerts', 'send', i, 'to', at], name, names)
      }
    }
    return { levels: level === 'all' ? ALERT_LEVELS : [level as AlertLevel], causes: causes ?? [], to }
  })
  return {
    channels: opened,
    routes: send ? routes : [{ levels: ALERT_LEVELS, causes: [], to: names }],
    quiet: quiet
      ? {
          from: minuteOf(quiet.from),
          to: minuteOf(quiet.to),
          levels: (quiet.levels ?? ['yellow']) as AlertLevel[],
        }
      : null,
    remind: remind === 'off' ? null : remind === undefined ? REMIND : readDuration(remind),
    every: readEvery(context, every),
    language: (language ?? 'en') as AlertConfig['language'],
  }
}

const minuteOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5)) || 0

function readEvery(context: ConfigContext, given: string | undefined): number {
  if (given === undefined) return EVERY
  const every = readDuration(given)
  if (every >= 1000 && every <= EVERY_MOST) return every
  if (given.includes('${')) return EVERY
  const expected = { en: 'from 1s to 5m', zh: '1s 到 5m' }
  context.problems.add('CONFIG_VALUE', ['alerts', 'every'], { expected, found: `"${given}"` })
  return EVERY
}

/** Null after a complaint. */
function readChannel(context: ConfigContext, path: YamlPath, given: ChannelFile): ChannelSettings | null {
  switch (given.kind) {
    case 'webhook':
      secret(context, [...path, 'secret'])
      return readWebhook(context, path, given)
    case 'mail':
      if (given.password !== undefined) secret(context, [...path, 'password'])
      return readMail(context, path, given)
    case 'dingtalk': {
      const url = robotUrl(context, path, given, 'token', DINGTALK)
      if (given.secret !== undefined) secret(context, [...path, 'secret'])
      return url ? { kind: 'dingtalk', url, secret: given.secret ?? null } : null
    }
    case 'wecom': {
      const url = robotUrl(context, path, given, 'key', WECOM)
      return url ? { kind: 'wecom', url } : null
    }
    case 'feishu': {
      const url = robotUrl(context, path, given, 'token', FEISHU)
      if (given.secret !== undefined) secret(context, [...path, 'secret'])
      return url ? { kind: 'feishu', url, secret: given.secret ?? null } : null
    }
  }
}

/** Of a channel of this kind. The whole address of a robot holds its token; that of a program (`webhook`) is none. */
export function secretFields(kind: string): string[] {
  return kind === 'webhook' ? ['secret'] : ['secret', 'password', 'token', 'key', 'url']
}

/** Better in the environment than in the file. */
function secret(context: ConfigContext, path: YamlPath): void {
  if (!context.fromEnvironment.has(path.join('.'))) context.warn('SECRET_IN_FILE', path)
}

/** A variable that is not set was complained about already. */
const unset = (value: string | undefined): boolean => value?.includes('${') ?? false

const SECRET: Phrase = {
  en: 'whsec_ and the base64 of 24 to 64 random bytes (for example: openssl rand -base64 32)',
  zh: 'whsec_ 加 24 到 64 个随机字节的 base64',
}

function readWebhook(
  { problems }: ConfigContext,
  path: YamlPath,
  { url, secret: given }: Extract<ChannelFile, { kind: 'webhook' }>,
): ChannelSettings | null {
  if (unset(url) || unset(given)) return null
  if (!URL.canParse(url)) {
    problems.add('CONFIG_VALUE', [...path, 'url'], { expected: ADDRESS, found: 'text' })
    return null
  }
  if (!secretBytes(given)) {
    problems.add('CONFIG_VALUE', [...path, 'secret'], { expected: SECRET, found: OTHER })
    return null
  }
  return { kind: 'webhook', url, secret: given }
}

const ADDRESS: Phrase = { en: 'an address that begins with https://', zh: '以 https:// 开头的地址' }
const OTHER: Phrase = { en: 'something else', zh: '其他内容' }

function readMail(
  { problems }: ConfigContext,
  path: YamlPath,
  given: Extract<ChannelFile, { kind: 'mail' }>,
): ChannelSettings | null {
  const tls = (given.tls ?? 'starttls') as 'tls' | 'starttls' | 'none'
  if ((given.user === undefined) !== (given.password === undefined)) {
    const [missing, beside] = given.user === undefined ? ['user', 'password'] : ['password', 'user']
    problems.add('CONFIG_CHANNEL_INCOMPLETE', [...path, missing!], { missing, beside }, 'key')
    return null
  }
  return {
    kind: 'mail',
    host: given.host,
    port: Number(given.port ?? PORTS[tls]),
    tls,
    user: given.user ?? null,
    password: given.password ?? null,
    from: given.from,
    to: given.to,
  }
}

interface RobotFile {
  token?: string
  key?: string
  url?: string
  base?: string
}

/** From the whole address, or from the token behind the usual one (or `base`). Null after a complaint. */
function robotUrl(
  context: ConfigContext,
  path: YamlPath,
  given: RobotFile,
  field: 'token' | 'key',
  usual: string,
): string | null {
  const part = given[field]
  if ((part === undefined) === (given.url === undefined)) {
    const code = part === undefined ? 'CONFIG_CHANNEL_TOKEN_MISSING' : 'CONFIG_CHANNEL_TOKEN_TWICE'
    context.problems.add(code, part === undefined ? path : [...path, 'url'], { token: field }, 'key')
    return null
  }
  const named = part === undefined ? 'url' : field
  secret(context, [...path, named])
  if ([part, given.url, given.base].some(unset)) return null
  const url = part === undefined ? given.url! : `${given.base ?? usual}${encodeURIComponent(part)}`
  if (URL.canParse(url)) return url
  context.problems.add('CONFIG_VALUE', [...path, named], { expected: ADDRESS, found: OTHER })
  return null
}
