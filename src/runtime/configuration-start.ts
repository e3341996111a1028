/**
 * By which configuration a process starts. Until something was applied: by its own file, as any program. From then on
 * by the active one of the ledger, and its file counts only when it is applied: a process that dies while somebody
 * edits must not come back with half a change.
 */
import { TributaryError } from '../core/errors/error.ts'
import {
  activate,
  activationById,
  activeConfiguration,
  type ConfigurationUses,
  configurationById,
  followedActivation,
} from '../ledger/configuration.ts'
import type { Database } from '../ledger/database.ts'
import type { Replan } from '../ledger/replan.ts'
import type { BrokenConfig, Config } from './config.ts'
import type { Environment } from './config-environment.ts'
import { effectsOf } from './configuration-effects.ts'
import { type Captured, captureConfiguration, usedFiles } from './configuration-files.ts'
import { loadStored } from './configuration-load.ts'
import type { Log } from './log.ts'
import { version } from './version.ts'

export interface StartChoice {
  config: Config
  /** Null: not known. */
  uses: ConfigurationUses | null
  /** Of the file that the process was started with; null: it cannot be stored. */
  fileHash: string | null
  /** To be called once everything is open: records what runs. Answers its activation, or null. */
  record(): Promise<number | null>
  close(): void
}

export interface StartRequest {
  /** The file's; one that is wrong will do where something was applied. */
  config: Config | BrokenConfig
  env: Environment
  log: Log
  /** Activate the file, whatever is active. */
  apply: boolean
  /** Whose hand it was. */
  who: string
}

/**
 * Throws what is wrong with the file where it counts, what a stored configuration throws that cannot be loaded here,
 * and with `apply` what cannot be stored.
 */
export async function chooseStart(db: Database, request: StartRequest): Promise<StartChoice> {
  const { config, log, apply } = request
  const followed = await followedActivation(db)
  if ('broken' in config) {
    if (followed === null || apply) throw config.broken
    log.error({ event: 'configuration.file-wrong', file: config.file, error: config.broken })
    return chooseActive(db, followed, request, null)
  }
  const captured = await capture(config, request)
  const fileHash = captured?.hash ?? null
  const own = { config, uses: captured?.uses ?? null, fileHash, close: () => undefined }
  const active = followed === null ? null : await activationById(db, followed)
  if (active && active.hash === fileHash) return { ...own, record: async () => followed }
  if (followed === null || apply) {
    return { ...own, record: () => recordStart(db, config, captured, request) }
  }
  log.warn({ event: 'configuration.unapplied', file: config.file, activation: followed })
  return chooseActive(db, followed, request, fileHash)
}

async function chooseActive(
  db: Database,
  followed: number,
  { config, env }: StartRequest,
  fileHash: string | null,
): Promise<StartChoice> {
  const active = (await activationById(db, followed))!
  const stored = (await configurationById(db, active.configuration_id))!
  const loaded = loadStored(stored.files, config, env)
  const { uses } = await usedFiles(loaded.config, version()).catch((error) => {
    loaded.close()
    throw error
  })
  return { ...loaded, uses, fileHash, record: async () => followed }
}

/** Null, said in the log, where the file cannot be stored: the process runs by it all the same. */
async function capture(config: Config, { log, apply }: StartRequest): Promise<Captured | null> {
  try {
    return await captureConfiguration(config, version())
  } catch (error) {
    if (apply) throw error
    log.warn({ event: 'configuration.not-stored', error })
    return null
  }
}

async function recordStart(
  db: Database,
  config: Config,
  captured: Captured | null,
  { apply, who, env }: StartRequest,
): Promise<number | null> {
  if (!captured) return null
  const { hash, files, uses } = captured
  const kind = apply ? 'apply' : 'start'
  const replan = apply ? await replanOf(db, config, env) : null
  const made = await activate(db, { configuration: { hash, files }, kind, uses, replan, who, why: null })
  return made?.id ?? null
}

/** Orders that changed flows ask for, as with `tributary apply`; none where the active one cannot be read here. */
async function replanOf(db: Database, config: Config, env: Environment): Promise<Replan | null> {
  const active = await activeConfiguration(db)
  const stored = active && (await configurationById(db, active.configuration_id))
  if (!stored) return null
  try {
    const before = loadStored(stored.files, config, env)
    before.close()
    const { replan } = effectsOf(before.config, config)
    return replan.length > 0 ? replan : null
  } catch (error) {
    if (error instanceof TributaryError) return null
    throw error
  }
}
