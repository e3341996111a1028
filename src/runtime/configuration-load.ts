/** A stored configuration made runnable in this process. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseYaml } from '../core/yaml.ts'
import type { ConfigurationFiles } from '../ledger/configuration.ts'
import { type Config, type OwnConfig, parseConfig } from './config.ts'
import { connectorCatalog } from './config-catalog.ts'
import type { Environment } from './config-environment.ts'
import { MAIN_FILE } from './configuration-files.ts'
import { fillConfig } from './configuration-secrets.ts'

export interface LoadedConfiguration {
  config: Config
  /** Removes what was laid out. To be called when nothing runs by it any more. */
  close(): void
}

/**
 * Reads stored files as if they lay beside `own.file`: `${NAME}` from this process's environment, secrets that were
 * written out from its own file as it is now, and storage, addresses and log from `own`, which it was started with.
 * Throws CONFIG_…, CONFIGURATION_SECRET_ELSEWHERE and what wrong connectors throw.
 */
export function loadStored(files: ConfigurationFiles, own: OwnConfig, env: Environment): LoadedConfiguration {
  const { [MAIN_FILE]: text = '', ...others } = files
  const folder = layOut(others)
  try {
    const connectors = folder ? join(folder, 'connectors') : ''
    const catalog = connectorCatalog([connectors])
    const fill = (value: unknown) => fillConfig(value, ownValue(own), own.file)
    const read = parseConfig(text, own.file, env, catalog, fill)
    const { storage, http, health, log } = own
    const stored = { texts: new Map(Object.entries(others)), connectors }
    return {
      config: Object.freeze({ ...read, storage, http, health, log, stored }),
      close: () => remove(folder),
    }
  } catch (error) {
    remove(folder)
    throw error
  }
}

/** The process's own file as it is now; where it cannot be read, as it was at start. */
function ownValue(own: OwnConfig): unknown {
  const read = (text: string) => parseYaml(text, own.file).value
  try {
    return read(readFileSync(own.file, 'utf8'))
  } catch {
    // gone or being edited: what this process was started with is as good
    return read(own.text)
  }
}

/** Node loads a connector's code only from files. Null where there are no connectors among the files. */
function layOut(files: ConfigurationFiles): string | null {
  const wanted = Object.entries(files).filter(
    ([name]) => /^connectors\//.test(name) && !/(^|\/)\.\./.test(name),
  )
  if (wanted.length === 0) return null
  const folder = mkdtempSync(join(tmpdir(), 'tributary-configuration-'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n')
  for (const [name, text] of wanted) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

function remove(folder: string | null): void {
  if (folder) rmSync(folder, { recursive: true, force: true })
}
