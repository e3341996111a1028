/**
 * What activating another configuration would do, found out beside the running processes: the stored form is loaded
 * and opened just as they will, compared with the active one, and what it touches is counted. Nothing is written and
 * no other system is called.
 */
import { dirname, join } from 'node:path'
import { configurationError } from '../core/errors/configuration.ts'
import { TributaryError } from '../core/errors/error.ts'
import { parseYaml } from '../core/yaml.ts'
import { inspectMapping } from '../mapping/inspect.ts'
import type { Config, OwnConfig } from './config.ts'
import { connectorCatalog } from './config-catalog.ts'
import type { Environment } from './config-environment.ts'
import { type Difference, differencesOf, type SecretsOf } from './configuration-difference.ts'
import { effectsOf } from './configuration-effects.ts'
import { type Captured, MAIN_FILE, usedFiles } from './configuration-files.ts'
import { type LoadedConfiguration, loadStored } from './configuration-load.ts'
import { mappingMeans } from './configuration-mappings.ts'
import { redactConfig } from './configuration-secrets.ts'
import { openConnections } from './connections.ts'
import type { Log } from './log.ts'
import type { Operations } from './operations.ts'
import type {
  ActivateRequest,
  ActivationSummary,
  ConfigurationDetail,
  ConfigurationUses,
} from './operations-configuration-types.ts'
import { connectorDirectories } from './project.ts'
import { version } from './version.ts'

/** What is to become active: the project's files as they are now, or something that was active before. */
export type Target = { captured: Captured } | { earlier: ConfigurationDetail }

export interface ChangeContext {
  /** As its file says now: storage, addresses, secrets that are written out. */
  own: OwnConfig
  env: Environment
  operations: Operations
  log: Log
}

export interface ConfigurationChange {
  /** What is active; null: nothing yet. */
  active: ActivationSummary | null
  differences: Difference[]
  /** Secrets that are written out in the file, by their dotted paths. */
  marked: string[]
  /** For `configurationActivate`, without whose hand it is. */
  request: Omit<ActivateRequest, 'by' | 'why'>
}

/**
 * Throws what is wrong with the target: CONFIG_…, CONNECTOR_…, MAPPING_…, CONFIGURATION_MAPPINGS (tests beside the
 * project's own mappings that fail), CONFIGURATION_SECRET_ELSEWHERE.
 */
export async function prepareChange(target: Target, context: ChangeContext): Promise<ConfigurationChange> {
  const { own, env, operations } = context
  const { files } = 'captured' in target ? target.captured : target.earlier
  if ('captured' in target) await checkMappings(own, Object.keys(files))
  const next = loadStored(files, own, env)
  let before: LoadedConfiguration | null = null
  try {
    const { uses } = await usedFiles(next.config, version())
    await tryOpening(next.config, context.log)
    const active = await activeOf(operations)
    before = active && loadWhatCan(active, own, env)
    const effects = effectsOf(before?.config ?? null, next.config)
    const differences = differencesOf(
      active && { value: plainOf(active.files, own.file), uses: active.uses },
      { value: plainOf(files, own.file), uses },
      secretsOf(next.config),
    )
    effects.tell(differences, await operations.configurationImpact(effects.query))
    if (before) await mappingMeans(differences, before.config, next.config, context)
    return {
      active,
      differences,
      marked: 'captured' in target ? target.captured.marked : markedOf(next.config),
      request: requestOf(target, uses, effects.replan, active),
    }
  } finally {
    next.close()
    before?.close()
  }
}

function requestOf(
  target: Target,
  uses: ConfigurationUses,
  replan: ActivateRequest['replan'],
  active: ConfigurationDetail | null,
): ConfigurationChange['request'] {
  const common = { uses, replan, expected: active?.id ?? null }
  if ('earlier' in target) return { ...common, kind: 'rollback', configuration: target.earlier.configuration }
  const { hash, files } = target.captured
  return { ...common, kind: 'apply', configuration: { hash, files } }
}

async function activeOf(operations: Operations): Promise<ConfigurationDetail | null> {
  const { active } = await operations.configurationState({})
  return active && operations.configurationShow({ id: active.id })
}

/** The active one may need a variable that is not set here: then what it does to the ledger is not told. */
function loadWhatCan(
  active: ConfigurationDetail,
  own: OwnConfig,
  env: Environment,
): LoadedConfiguration | null {
  try {
    return loadStored(active.files, own, env)
  } catch (error) {
    if (error instanceof TributaryError) return null
    throw error
  }
}

/** Compiles and opens everything as a process will; nobody is called. */
async function tryOpening(config: Config, log: Log): Promise<void> {
  const connections = await openConnections(config, log)
  await Promise.all([...connections.values()].map((c) => c.close()))
}

/** Mistakes in the project's own mappings, and cases of the tests beside them that fail. */
async function checkMappings(config: OwnConfig, names: string[]): Promise<void> {
  const wrong: { en: string; zh: string }[] = []
  for (const name of names.filter((n) => /^mappings\/.*\.ya?ml$/.test(n))) {
    const { complaints } = await inspectMapping(join(dirname(config.file), name))
    wrong.push(...complaints.filter((c) => c.severity === 'error').map((c) => c.message))
  }
  if (wrong.length === 0) return
  const list = { en: '', zh: '' }
  for (const { en, zh } of wrong.slice(0, 20)) {
    list.en += `  ${en}\n`
    list.zh += `  ${zh}\n`
  }
  throw configurationError('CONFIGURATION_MAPPINGS', {
    count: wrong.length,
    list: { en: list.en.trimEnd(), zh: list.zh.trimEnd() },
  })
}

const plainOf = (files: Record<string, string>, file: string) => parseYaml(files[MAIN_FILE] ?? '', file).value

const catalogOf = (config: Config) => connectorCatalog([connectorDirectories(config)[1]!])

const markedOf = (config: Config) => redactConfig(config.text, config.file, catalogOf(config)).marked

function secretsOf(config: Config): SecretsOf {
  const catalog = catalogOf(config)
  return (use) => {
    if (!catalog.ids.includes(use)) return null
    const settings = catalog.manifest(use).settings ?? {}
    return Object.keys(settings).filter((name) => settings[name]!.secret)
  }
}
