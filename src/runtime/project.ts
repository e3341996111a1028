/**
 * Where a project's connectors and mappings are read from: its own folders beside tributary.yaml go before the
 * bundled ones. Of a configuration that was applied, its own files are read as they were stored.
 */
import { existsSync, realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findConnectors } from '../connector/load.ts'
import type { ReadText } from '../mapping/read.ts'
import type { Config } from './config.ts'

/** What came with this Tributary. */
export const BUNDLED = {
  connectors: fileURLToPath(new URL('../../connectors/', import.meta.url)),
  mappings: fileURLToPath(new URL('../../mappings/', import.meta.url)),
}

type Place = Pick<Config, 'file' | 'stored'>

const folderOf = ({ file }: Place): string => dirname(file)

/** True for a file that came with this Tributary, also where the project lies in the same folder. */
export function isBundled(file: string): boolean {
  const real = existsSync(file) ? realpathSync(file) : file
  return Object.values(BUNDLED).some((folder) => {
    const path = existsSync(folder) ? realpathSync(folder) : folder
    return !relative(path, real).startsWith('..')
  })
}

/** `mappings/shopify/order.in.yaml`; null for a file outside the project's folder. */
export function projectPath(place: Place, file: string): string | null {
  const path = relative(folderOf(place), file)
  return path === '' || path.startsWith('..') || path === file ? null : path.split(sep).join('/')
}

/** The folders that hold connectors, the project's own last: it wins. */
export function connectorDirectories(place: Place): string[] {
  return [BUNDLED.connectors, place.stored?.connectors ?? join(folderOf(place), 'connectors')]
}

/** The folders of all connectors, by id. */
export function connectorFolders(place: Place): Promise<Map<string, string>> {
  return findConnectors(connectorDirectories(place))
}

/** Where a connector's mapping of this name is read from. */
export function mappingFile(place: Place, connector: string, name: string): string {
  const local = join(folderOf(place), 'mappings', connector, `${name}.yaml`)
  return hasOwn(place, local) ? local : join(BUNDLED.mappings, connector, `${name}.yaml`)
}

function hasOwn(place: Place, file: string): boolean {
  if (!place.stored || isBundled(file)) return existsSync(file)
  return place.stored.texts.has(projectPath(place, file) ?? '')
}

/** The text of a mapping file: of a stored configuration, the project's own are never read from the disk. */
export function mappingText(place: Place): ReadText {
  return async (file) => {
    const own = place.stored && !isBundled(file) ? projectPath(place, file) : null
    if (own === null) return readFile(file, 'utf8')
    const text = place.stored!.texts.get(own)
    if (text === undefined) throw Object.assign(new Error('not stored'), { code: 'ENOENT' })
    return text
  }
}
