/** Which connectors there are: every folder in connectors/ with a connector.yaml. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Manifest, readManifest } from '../connector/manifest.ts'

/** What the configuration needs to know of connectors. */
export interface ConnectorCatalog {
  ids: string[]
  /** Throws TributaryError YAML_… when its connector.yaml is wrong. */
  manifest(id: string): Pick<Manifest, 'settings' | 'read' | 'title'>
}

const FOLDER = fileURLToPath(new URL('../../connectors/', import.meta.url))

/** The connectors that came with this Tributary, read when first asked for. */
export function connectorCatalog(folder: string = FOLDER): ConnectorCatalog {
  const ids = existsSync(folder)
    ? readdirSync(folder).filter((name) => existsSync(join(folder, name, 'connector.yaml')))
    : []
  const read = new Map<string, Manifest>()
  return {
    ids: ids.sort(),
    manifest(id) {
      let manifest = read.get(id)
      if (!manifest) {
        const file = join(folder, id, 'connector.yaml')
        manifest = readManifest(readFileSync(file, 'utf8'), file)
        read.set(id, manifest)
      }
      return manifest
    },
  }
}
