/** What differs between two configurations, in words; never a secret's value. Pure. */
import type { ConfigurationUses, Used } from '../ledger/configuration.ts'
import { secretFields } from './config-alerts.ts'
import { withoutLocal } from './configuration-secrets.ts'
import type { Bilingual } from './operations-parts.ts'

/** A configuration as it is stored. */
export interface Side {
  /** Plain data of its tributary.yaml, references and marks as they stand. */
  value: unknown
  uses: ConfigurationUses
}

export interface Difference {
  area: 'company' | 'connection' | 'flow' | 'policy' | 'alerts' | 'retention' | 'connector' | 'mapping'
  /** Id of the connection or flow, name of the connector, policy or mapping; '' where there is but one. */
  id: string
  change: 'added' | 'removed' | 'changed'
  /** Which settings, from what to what. */
  details: Bilingual[]
  /** What that does to what is in the ledger, and what would run again. */
  means: Bilingual[]
}

/** Secret settings of a connector; null where it is not known here: then no value is shown. */
export type SecretsOf = (connector: string) => readonly string[] | null

type Tree = Record<string, unknown>

const treeOf = (value: unknown): Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Tree) : {}

/** Everything that differs, in the order of tributary.yaml; nothing where both say the same. `before` null: all is new. */
export function differencesOf(before: Side | null, after: Side, secretsOf: SecretsOf): Difference[] {
  const [was, is] = [withoutLocal(before?.value ?? {}), withoutLocal(after.value)]
  const found = [
    ...one('company', was.company, is.company),
    ...each('connection', was.connections, is.connections, (a, b) => connectionDetails(a, b, secretsOf)),
    ...each('flow', was.flows, is.flows, (a, b) => leaves(a, b)),
    ...each('policy', was.policies, is.policies, (a, b) => leaves(a, b)),
    ...one('alerts', was.alerts, is.alerts, isChannelSecret),
    ...one('retention', was.retention, is.retention),
  ]
  return before ? [...found, ...usedDifferences(before.uses, after.uses)] : found
}

/** What is secret in a channel of some kind is shown of none. */
function isChannelSecret([part, , field]: string[]): boolean {
  return part === 'channels' && field !== undefined && secretFields('').includes(field)
}

function one(
  area: 'company' | 'alerts' | 'retention',
  was: unknown,
  is: unknown,
  isHidden?: (path: string[]) => boolean,
): Difference[] {
  const details = leaves(treeOf(was), treeOf(is), isHidden)
  if (details.length === 0) return []
  const change = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed'
  return [{ area, id: '', change, details, means: [] }]
}

function each(
  area: 'connection' | 'flow' | 'policy',
  was: unknown,
  is: unknown,
  detailsOf: (was: Tree, is: Tree) => Bilingual[],
): Difference[] {
  const [old, now] = [treeOf(was), treeOf(is)]
  const ids = [...new Set([...Object.keys(old), ...Object.keys(now)])]
  return ids.flatMap((id): Difference[] => {
    // a policy may be a single value
    const [a, b] = [boxed(old[id]), boxed(now[id])]
    if (a && b) {
      const details = detailsOf(a, b)
      return details.length > 0 ? [{ area, id, change: 'changed', details, means: [] }] : []
    }
    const details = b ? detailsOf({}, b) : []
    return [{ area, id, change: b ? 'added' : 'removed', details, means: [] }]
  })
}

function boxed(value: unknown): Tree | null {
  if (value === undefined) return null
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Tree) : { value }
}

function connectionDetails(was: Tree, is: Tree, secretsOf: SecretsOf): Bilingual[] {
  const use = String(is.use ?? was.use)
  const secrets = secretsOf(use)
  const isHidden = (path: string[]) =>
    path[0] === 'settings' && path[1] !== undefined && (secrets === null || secrets.includes(path[1]))
  const { codes: wasCodes, ...old } = was
  const { codes: isCodes, ...now } = is
  return [...leaves(old, now, isHidden), ...codeDetails(treeOf(wasCodes), treeOf(isCodes))]
}

/** Tables may be long: only how many of their entries differ. */
function codeDetails(was: Tree, is: Tree): Bilingual[] {
  const tables = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  return tables.flatMap((table) => {
    const [old, now] = [treeOf(was[table]), treeOf(is[table])]
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])]
    const count = keys.filter((key) => old[key] !== now[key]).length
    if (count === 0) return []
    return [{ en: `codes.${table}: ${count} entries differ`, zh: `codes.${table}：${count} 个条目不同` }]
  })
}

/** Every single value that differs, under its dotted path. */
function leaves(
  was: Tree,
  is: Tree,
  isHidden: (path: string[]) => boolean = () => false,
  path: string[] = [],
): Bilingual[] {
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  return keys.flatMap((key) => {
    const [a, b, here] = [was[key], is[key], [...path, key]]
    if (JSON.stringify(a) === JSON.stringify(b)) return []
    const bothTrees = [a, b].every((v) => v === undefined || v === null || boxed(v) === v)
    if (bothTrees && !isHidden(here)) return leaves(treeOf(a), treeOf(b), isHidden, here)
    return [said(here.join('.'), a, b, isHidden(here))]
  })
}

function said(path: string, was: unknown, is: unknown, hidden: boolean): Bilingual {
  if (was === undefined || was === null) {
    const value = hidden ? { en: 'stated', zh: '已填写' } : { en: shown(is), zh: shown(is) }
    return { en: `${path}: ${value.en}`, zh: `${path}：${value.zh}` }
  }
  if (is === undefined || is === null) return { en: `${path}: no longer stated`, zh: `${path}：不再填写` }
  if (hidden) return { en: `${path}: changed`, zh: `${path}：已更改` }
  return { en: `${path}: ${shown(was)} → ${shown(is)}`, zh: `${path}：${shown(was)} → ${shown(is)}` }
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** Connectors and mappings that both use and that are not the same, and the project's own that came or went. */
function usedDifferences(was: ConfigurationUses, is: ConfigurationUses): Difference[] {
  return (['connectors', 'mappings'] as const).flatMap((kind) => {
    const area = kind === 'connectors' ? 'connector' : 'mapping'
    const names = [...new Set([...Object.keys(was[kind]), ...Object.keys(is[kind])])].sort()
    return names.flatMap((id): Difference[] => {
      const [a, b] = [was[kind][id], is[kind][id]]
      if (a && b) {
        if (a.version === b.version && a.own === b.own) return []
        return [{ area, id, change: 'changed', details: [usedDetail(a, b, is.tributary)], means: [] }]
      }
      if (!(a ?? b)!.own) return []
      return [{ area, id, change: b ? 'added' : 'removed', details: [], means: [] }]
    })
  })
}

function usedDetail(was: Used, is: Used, tributary: string): Bilingual {
  if (!was.own && !is.own)
    return { en: `comes with Tributary ${tributary}`, zh: `随 Tributary ${tributary} 更新` }
  if (is.own && !was.own) {
    return { en: "the project's own instead of the bundled one", zh: '由项目自有文件取代内置文件' }
  }
  if (was.own && !is.own) return { en: "the bundled one instead of the project's own", zh: '改回内置文件' }
  return { en: `${was.version} → ${is.version}`, zh: `${was.version} → ${is.version}` }
}
