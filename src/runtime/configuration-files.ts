/** A configuration as it is stored: tributary.yaml without secrets, and the project's own files that it uses. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { connectorFolder } from '../connector/load.ts'
import type { Manifest } from '../connector/manifest.ts'
import { readManifest } from '../connector/manifest-file.ts'
import { contentHash } from '../core/canonical.ts'
import { configurationError } from '../core/errors/configuration.ts'
import type { Phrase } from '../core/errors/error.ts'
import { parseYaml } from '../core/yaml.ts'
import type { ConfigurationFiles, ConfigurationUses } from '../ledger/configuration.ts'
import { readMapping } from '../mapping/read.ts'
import type { Config } from './config.ts'
import { connectorCatalog } from './config-catalog.ts'
import { redactConfig, withoutLocal } from './configuration-secrets.ts'
import {
  BUNDLED,
  connectorDirectories,
  connectorFolders,
  isBundled,
  mappingFile,
  mappingText,
  projectPath,
} from './project.ts'

/** Under which name tributary.yaml is stored, whatever it is called on the disk. */
export const MAIN_FILE = 'tributary.yaml'

/** Characters of all files together. */
const MOST = 4_000_000

export interface Captured {
  /** Of what it says: comments, order and the parts that belong to each process do not count. */
  hash: string
  files: ConfigurationFiles
  uses: ConfigurationUses
  /** Where secrets were left out (dotted paths of tributary.yaml). */
  marked: string[]
}

/**
 * Reads what a configuration consists of. Called when it is applied and when a process starts with it. `version`: of
 * this Tributary. Throws CONFIGURATION_FILE for what cannot be stored, and what reading connectors and mappings throws.
 */
export async function captureConfiguration(config: Config, version: string): Promise<Captured> {
  const catalog = connectorCatalog([connectorDirectories(config)[1]!])
  const { text, marked } = redactConfig(config.text, config.file, catalog)
  const { uses, own } = await usedFiles(config, version)
  const files: ConfigurationFiles = { [MAIN_FILE]: storable(config.file, text) }
  for (const file of [...own].sort()) {
    const name = projectPath(config, file)
    if (name === null) throw refused(file, OUTSIDE, MOVE)
    files[name] = storable(file, readFileSync(file, 'utf8'))
  }
  const size = Object.values(files).reduce((sum, one) => sum + one.length, 0)
  if (size > MOST) throw refused(dirname(config.file), TOO_LARGE, MOVE)
  return { hash: configurationHash(files, config.file), files, uses, marked }
}

/** `file`: for the message, should the text not parse. */
export function configurationHash(files: ConfigurationFiles, file: string): string {
  const { [MAIN_FILE]: main = '', ...others } = files
  return contentHash({ main: withoutLocal(parseYaml(main, file).value), others })
}

/**
 * The connectors and mappings that a configuration uses, with their versions, and the paths of the project's own
 * files among them. Of a stored configuration the versions are those of the stored files.
 */
export async function usedFiles(
  config: Config,
  version: string,
): Promise<{ uses: ConfigurationUses; own: Set<string> }> {
  const folders = await connectorFolders(config)
  const uses: ConfigurationUses = { tributary: version, connectors: {}, mappings: {} }
  const own = new Set<string>()
  const text = mappingText(config)
  for (const id of new Set(Object.values(config.connections).map((c) => c.use))) {
    const folder = connectorFolder(id, folders)
    const files = connectorFiles(folder)
    const mine = !isBundled(folder)
    uses.connectors[id] = { own: mine, version: versionOf(files) }
    if (mine) for (const file of files) own.add(file)
    const file = join(folder, 'connector.yaml')
    for (const name of mappingNames(config, id, readManifest(readFileSync(file, 'utf8'), file))) {
      const read = await readMapping(mappingFile(config, id, name), text)
      const layers = read.layers.filter((layer) => !isBundled(layer))
      uses.mappings[`${id}/${name}`] = { own: layers.length > 0, version: read.version }
      for (const layer of layers) own.add(layer)
    }
  }
  return { uses, own }
}

/** What of a connector's folder makes it work: its declaration and code, not its documents and samples. */
function connectorFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => /\.(ts|js|mjs|cjs|json)$|^connector\.yaml$/.test(name))
    .filter((name) => !/(^|[\\/])(fixtures|schemas|node_modules|\..*)[\\/]|\.test\./.test(name))
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile())
    .sort()
}

function versionOf(files: string[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file)).update('\0')
  return hash.digest('hex').slice(0, 12)
}

/** Those that the manifest names, and those that lie in its folders: hooks use mappings too. */
function mappingNames(config: Config, id: string, manifest: Manifest): string[] {
  const named = [
    ...Object.values(manifest.read ?? {}).flatMap((stream) => Object.values(stream.shapes)),
    ...Object.values(manifest.write ?? {}).flatMap(({ mapping }) => (mapping ? [mapping] : [])),
  ]
  const own = `mappings/${id}/`
  const lying = config.stored
    ? [...config.stored.texts.keys()].filter((p) => p.startsWith(own)).map((p) => p.slice(own.length))
    : namesIn(join(dirname(config.file), 'mappings', id))
  const all = [...named, ...[...lying, ...namesIn(join(BUNDLED.mappings, id))].flatMap(nameOf)]
  return [...new Set(all)].sort()
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : [])

const nameOf = (file: string): string[] =>
  /^[^/]+\.(in|out)\.yaml$/.test(file) ? [file.replace(/\.yaml$/, '')] : []

const OUTSIDE: Phrase = { en: "it lies outside the project's folder", zh: '它在项目目录之外' }
const TOO_LARGE: Phrase = { en: 'its files are larger than 4 MB together', zh: '其文件合计超过 4 MB' }
const NOT_TEXT: Phrase = { en: 'it is not UTF-8 text', zh: '它不是 UTF-8 文本' }
const MOVE: Phrase = {
  en: 'Keep in connectors/ and mappings/ beside tributary.yaml what the configuration uses, and nothing else.',
  zh: '请把配置用到的文件放在 tributary.yaml 旁边的 connectors/ 与 mappings/ 中，不要放其他文件。',
}

function refused(file: string, reason: Phrase, hint: Phrase) {
  return configurationError('CONFIGURATION_FILE', { file, reason, hint })
}

function storable(file: string, text: string): string {
  if (text.includes('\0') || text.includes('\ufffd')) throw refused(file, NOT_TEXT, MOVE)
  return text
}
