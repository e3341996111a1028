/**
 * Connectors from their folders: dropping one into connectors/ installs it. What uses a loaded one is in open.ts.
 */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { connectorError } from '../core/errors/connector.ts'
import { nearest } from '../core/yaml.ts'
import { didYouMean } from '../core/yaml-words.ts'
import type { Hooks } from './hooks.ts'
import type { Manifest } from './manifest.ts'
import { readManifest } from './manifest-file.ts'
import { lacking } from './write.ts'

/** A connector, loaded. */
export interface Connector {
  id: string
  folder: string
  manifest: Manifest
  hooks: Hooks
}

/**
 * The connector folders under the given directories, by id. A later directory wins, so a project can replace
 * a bundled connector. Directories that do not exist are passed over.
 */
export async function findConnectors(directories: string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const directory of directories) {
    if (!existsSync(directory)) continue
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const folder = join(directory, entry.name)
      if (existsSync(join(folder, 'connector.yaml'))) found.set(entry.name, folder)
    }
  }
  return found
}

/** The folder of a connector by id. Throws CONNECTOR_UNKNOWN with the nearest spelling. */
export function connectorFolder(id: string, found: Map<string, string>): string {
  const folder = found.get(id)
  if (folder) return folder
  const near = nearest(id, [...found.keys()])
  throw connectorError('CONNECTOR_UNKNOWN', {
    id,
    near: didYouMean(near),
    known: [...found.keys()].sort().join(', '),
  })
}

/**
 * Loads a connector from its folder: `connector.yaml`, and `hooks.ts` (or the compiled `hooks.js`) where
 * there is one. Throws TributaryError YAML_*, CONNECTOR_FOLDER or CONNECTOR_HOOKS.
 */
export async function loadConnector(folder: string): Promise<Connector> {
  const file = join(folder, 'connector.yaml')
  if (!existsSync(file))
    throw connectorError('CONNECTOR_FOLDER', {
      folder,
      reason: { en: 'there is no connector.yaml', zh: '没有 connector.yaml' },
    })
  const manifest = readManifest(await readFile(file, 'utf8'), file)
  const name = basename(folder)
  if (manifest.id !== name) {
    throw connectorError('CONNECTOR_FOLDER', {
      folder,
      reason: {
        en: `its id is "${manifest.id}", but the folder is "${name}"`,
        zh: `其中的 id 是 "${manifest.id}"，文件夹名却是 "${name}"`,
      },
    })
  }
  const hooks = await loadHooks(folder)
  checkHooks(manifest, hooks.value, hooks.file ?? file)
  return Object.freeze({ id: manifest.id, folder, manifest, hooks: hooks.value })
}

async function loadHooks(folder: string): Promise<{ value: Hooks; file: string | null }> {
  // Sources run from .ts, the built package from .js: the kind this very file is comes first.
  const endings = import.meta.url.endsWith('.ts') ? ['ts', 'js'] : ['js', 'ts']
  const file = endings.map((e) => join(folder, `hooks.${e}`)).find((f) => existsSync(f))
  if (!file) return { value: {}, file: null }
  let module: { default?: unknown }
  try {
    module = await import(pathToFileURL(file).href)
  } catch (error) {
    const { message } = error as Error
    const reason = { en: `cannot be loaded: ${message}`, zh: `无法加载：${message}` }
    throw connectorError('CONNECTOR_HOOKS', { file, reason }, error)
  }
  if (module.default === null || typeof module.default !== 'object') {
    const reason = { en: 'the default export is not an object', zh: '默认导出不是对象' }
    throw connectorError('CONNECTOR_HOOKS', { file, reason })
  }
  return { value: module.default as Hooks, file }
}

/** Names in hooks must be declared, and what YAML leaves open must be hooked. */
function checkHooks(manifest: Manifest, hooks: Hooks, file: string): void {
  const fail = (en: string, zh: string) => connectorError('CONNECTOR_HOOKS', { file, reason: { en, zh } })
  const sections: [keyof Hooks, object | undefined][] = [
    ['read', manifest.read],
    ['write', manifest.write],
    ['webhooks', manifest.webhooks],
  ]
  for (const section of Object.keys(hooks)) {
    if (!['http', 'read', 'write', 'webhooks', 'check'].includes(section))
      throw fail(`"${section}" is no hook`, `没有名为 "${section}" 的钩子`)
  }
  for (const [section, declared] of sections) {
    const known = Object.keys(declared ?? {})
    for (const name of Object.keys(hooks[section] ?? {})) {
      if (known.includes(name)) continue
      const near = didYouMean(nearest(name, known)) || { en: '', zh: '' }
      const what = `${section}.${name}`
      throw fail(
        `${what} is not declared in connector.yaml${near.en}`,
        `connector.yaml 没有声明 ${what}${near.zh}`,
      )
    }
  }
  for (const [kind, declared] of Object.entries(manifest.write ?? {})) {
    const lacks = lacking(declared, hooks.write?.[kind] ?? {})
    if (lacks.length > 0)
      throw fail(`write.${kind} lacks ${lacks.join(', ')}`, `write.${kind} 缺少 ${lacks.join(', ')}`)
  }
}
