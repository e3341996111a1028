/**
 * Keeps secrets out of what is stored of tributary.yaml. A secret that is written out is replaced by a mark, and a
 * process that loads the stored text puts in what its own file says at the same place: like `${NAME}`, it comes from
 * where the process runs, never from the ledger.
 */
import { configurationError } from '../core/errors/configuration.ts'
import { parseYaml, type YamlPath } from '../core/yaml.ts'
import { changeComments, replaceValues } from '../core/yaml-replace.ts'
import { secretFields } from './config-alerts.ts'
import type { ConnectorCatalog } from './config-catalog.ts'
import { MARK } from './config-environment.ts'
import { OWN_PARTS } from './schema.ts'

type Tree = Record<string, unknown>

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const treeOf = (value: unknown): Tree => (isTree(value) ? value : {})

/** A whole value that is one reference: nothing of the secret is in the file. */
const REFERENCE = /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/

/** `https://user:password@host`, also in part of a longer text. References are taken out before. */
const CREDENTIALS = /\/\/[^/\s:@]*:[^/\s@]+@/

/** What a text became, and where secrets stood in it. */
export interface Redacted {
  text: string
  /** Dotted paths, in the order of the connections. */
  marked: string[]
}

/** Leaves the secrets of a tributary.yaml out. `catalog` says which settings are secret. `text`: YAML that parses. */
export function redactConfig(text: string, file: string, catalog: ConnectorCatalog): Redacted {
  const value = treeOf(parseYaml(text, file).value)
  const names = secretNames(value, catalog)
  const paths = [...settingPaths(value, names), ...channelPaths(value), ...addressPaths(value)]
  const without = replaceValues(text, paths, MARK)
  const spoken = [...new Set([...names.values()].flat())].map((name) => name.replace(/[^\w-]/g, '.'))
  const known = paths.map((path) => at(value, path)).filter((v) => typeof v === 'string' && v.length > 3)
  const redacted = changeComments(without, (comment) => {
    const hidden = known.reduce<string>((c, secret) => c.replaceAll(secret as string, '…'), comment)
    const named = new RegExp(`\\b(${[...spoken, ...USUAL].join('|')})(["']?\\s*[:=]\\s*)\\S.*`, 'gi')
    return hidden.replace(named, '$1$2…').replace(new RegExp(CREDENTIALS, 'g'), '//…@')
  })
  for (const path of paths) {
    if (at(parseYaml(redacted, file).value, path) !== MARK) throw notLeftOut(file, path)
  }
  return { text: redacted, marked: paths.map((path) => path.join('.')) }
}

/** What people call secrets that they have commented out, whatever the connector calls them. */
const USUAL = ['password', 'passwd', 'secret', 'token', 'apikey', 'api_key', 'appsecret']

function notLeftOut(file: string, path: YamlPath) {
  const field = path.join('.')
  return configurationError('CONFIGURATION_FILE', {
    file,
    reason: { en: `the secret ${field} cannot be left out of it`, zh: `无法从中去掉密钥 ${field}` },
    hint: { en: 'Write it as ${NAME}.', zh: '请改写为 ${NAME}。' },
  })
}

/** Connection → its secret settings. */
function secretNames(value: Tree, catalog: ConnectorCatalog): Map<string, string[]> {
  const out = new Map<string, string[]>()
  for (const [id, connection] of Object.entries(treeOf(value.connections))) {
    const use = String(treeOf(connection).use)
    if (!catalog.ids.includes(use)) continue
    const settings = catalog.manifest(use).settings ?? {}
    out.set(
      id,
      Object.keys(settings).filter((name) => settings[name]!.secret),
    )
  }
  return out
}

function settingPaths(value: Tree, names: Map<string, string[]>): YamlPath[] {
  return [...names].flatMap(([id, secrets]) =>
    secrets.map((name) => ['connections', id, 'settings', name]).filter((path) => isWritten(value, path)),
  )
}

/** Something stands there, and not just a reference. */
function isWritten(value: Tree, path: YamlPath): boolean {
  const given = at(value, path)
  return !(given === undefined || given === null || given === '' || REFERENCE.test(String(given)))
}

function channelPaths(value: Tree): YamlPath[] {
  const channels = treeOf(treeOf(value.alerts).channels)
  return Object.entries(channels).flatMap(([name, channel]) =>
    secretFields(String(treeOf(channel).kind))
      .map((field) => ['alerts', 'channels', name, field])
      .filter((path) => isWritten(value, path)),
  )
}

/** Addresses with a password in them, wherever they stand. */
function addressPaths(value: unknown, path: YamlPath = []): YamlPath[] {
  if (typeof value === 'string') {
    return CREDENTIALS.test(value.replace(/\$\{[A-Za-z_][A-Za-z0-9_]*\}/g, '')) ? [path] : []
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => addressPaths(inner, [...path, key]))
}

function at(value: unknown, path: YamlPath): unknown {
  return path.reduce<unknown>((v, step) => (v as Tree | null | undefined)?.[step], value)
}

/**
 * The plain data of a stored text as this process runs it: marks filled in and the process's own parts put in their
 * place, both from `own`, the plain data of its own file. Throws CONFIGURATION_SECRET_ELSEWHERE.
 */
export function fillConfig(stored: unknown, own: unknown, file: string): unknown {
  const filled = treeOf(fill(stored, own, [], file))
  const local = OWN_PARTS.flatMap((key) => (isTree(own) && key in own ? [[key, own[key]] as const] : []))
  return { ...withoutLocal(filled), ...Object.fromEntries(local) }
}

const isOwn = (key: string): boolean => (OWN_PARTS as readonly string[]).includes(key)

/** What of a configuration is the same for all processes. */
export function withoutLocal(value: unknown): Tree {
  const kept = Object.entries(treeOf(value)).filter(([key]) => !isOwn(key))
  return Object.fromEntries(kept)
}

function fill(stored: unknown, own: unknown, path: string[], file: string): unknown {
  if (stored === MARK) {
    if (isOwn(path[0] ?? '')) return null
    if (own === undefined || own === null || own === '' || own === MARK) {
      throw configurationError('CONFIGURATION_SECRET_ELSEWHERE', { field: path.join('.'), file })
    }
    return own
  }
  if (Array.isArray(stored)) {
    return stored.map((v, i) => fill(v, Array.isArray(own) ? own[i] : undefined, [...path, String(i)], file))
  }
  if (!isTree(stored)) return stored
  const entries = Object.entries(stored)
  return Object.fromEntries(entries.map(([k, v]) => [k, fill(v, treeOf(own)[k], [...path, k], file)]))
}
