/** What every command works with. Made once by `main.ts` from the arguments and the environment. */
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { runtimeError } from '../core/errors/runtime.ts'
import { parseDuration, parseInstant } from '../core/time.ts'
import { type BrokenConfig, type Config, loadConfig, loadOwnConfig } from '../runtime/config.ts'
import type { Actor } from '../runtime/operations.ts'
import { type Language, languageFrom, type Say, sayIn } from './language.ts'

/** Exit codes, as `tributary --help` and docs/reference/cli.md say. */
export const EXIT = { ok: 0, failed: 1, usage: 2, config: 3, found: 4 } as const

export interface Cli {
  program: Command
  env: Record<string, string | undefined>
  language: Language
  say: Say
  /** True with `--json`: standard output is one JSON value. */
  json(): boolean
  /** Prints the value as JSON with `--json`, else the text. */
  show(value: unknown, text: () => string): void
  /** A remark for people: standard error, silent with `--json`. */
  remark(text: string): void
  /** The file that `--config` or TRIBUTARY_CONFIG names, else ./tributary.yaml. `stated`: it was named. */
  configFile(): { path: string; stated: boolean; exists: boolean }
  /** Throws TributaryError of kind `config`. */
  config(): Config
  /** The same for what can do without: of a file that is wrong, what says where the ledger is. */
  ownConfig(): Config | BrokenConfig
  /** Sets the exit code; the highest of several wins. */
  exit(code: number): void
}

/** The context of one call of the program. */
export function createCli(program: Command, env: Record<string, string | undefined>): Cli {
  const language = languageFrom(env)
  const options = () => program.opts<{ config?: string; json?: boolean; data?: string }>()
  const configFile: Cli['configFile'] = () => {
    const stated = options().config ?? env.TRIBUTARY_CONFIG
    const path = resolve(stated ?? 'tributary.yaml')
    return { path, stated: stated !== undefined, exists: existsSync(path) }
  }
  const placed = <T extends Pick<Config, 'storage'>>(config: T): T => {
    const { data } = options()
    return data ? { ...config, storage: { ...config.storage, data: resolve(data) } } : config
  }
  return {
    program,
    env,
    language,
    say: sayIn(language),
    json: () => options().json === true,
    show(value, text) {
      process.stdout.write(`${options().json ? JSON.stringify(value, null, 2) : text()}\n`)
    },
    remark(text) {
      if (!options().json) process.stderr.write(`${text}\n`)
    },
    configFile,
    config: () => placed(loadConfig(configFile().path, env)),
    ownConfig: () => placed(loadOwnConfig(configFile().path, env)),
    exit(code) {
      process.exitCode = Math.max(Number(process.exitCode ?? 0), code)
    },
  }
}

/** Who works here, for the journal. */
export function actor(why?: string): Actor {
  return { by: userInfo().username, ...(why ? { why } : {}) }
}

/** `--since 2h` (ago) or an instant with its zone, as RFC 3339 in UTC. Throws RUNTIME_REQUEST. */
export function readSince(option: string, text: string | undefined, now = Date.now()): string | undefined {
  if (text === undefined) return undefined
  try {
    return /^\d+[a-z]/.test(text)
      ? new Date(now - parseDuration(text)).toISOString()
      : parseInstant(text).toISOString()
  } catch (error) {
    throw runtimeError('RUNTIME_REQUEST', { field: `--${option}`, reason: (error as Error).message }, error)
  }
}

/** An option that takes a whole number. Throws RUNTIME_REQUEST. */
export function readCount(
  option: string,
  text: string | undefined,
  [least, most]: [number, number],
): number | undefined {
  if (text === undefined) return undefined
  const count = Number(text)
  if (Number.isInteger(count) && count >= least && count <= most) return count
  throw runtimeError('RUNTIME_REQUEST', { field: `--${option}`, reason: `${least}…${most}` })
}

/** An option that takes one of some words. Throws RUNTIME_REQUEST. */
export function readWord<T extends string>(
  option: string,
  text: string | undefined,
  words: readonly T[],
): T | undefined {
  if (text === undefined || words.includes(text as T)) return text as T | undefined
  throw runtimeError('RUNTIME_REQUEST', { field: `--${option}`, reason: words.join(' | ') })
}

/** Leaves out what was not given, for filters. */
export function given<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined && v !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
}
