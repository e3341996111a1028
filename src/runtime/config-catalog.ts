/** Which connectors there are: every folder in connectors/ with a connector.yaml. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Manifest } from '../connector/manifest.ts'
import { readManifest } from '../connector/manifest-file.ts'

/** What the configuration needs to know of connectors. */
export interface ConnectorCatalog {
  ids: string[]
  /** Throws TributaryError YAML_… when its connector.yaml is wrong. */
  manifest(id: string): Pick<Manifest, 'settings' | 'read' | 'title' | 'subscriptions'>
}

const BUNDLED = fileURLToPath(new URL('../../connectors/', import.meta.url))

/**
 * The connectors that came with this Tributary and those in further folders (`connectors/` beside
 * tributary.yaml), which win. Manifests are read when first asked for.
 */
export function connectorCatalog(further: string[] = []): ConnectorCatalog {
  const files = new Map<string, string>()
  for (const folder of [BUNDLED, ...further].filter((f) => existsSync(f))) {
    for (const id of readdirSync(folder)) {
      const file = join(folder, id, 'connector.yaml')
      if (existsSync(file)) files.set(id, file)
    }
  }
  const read = new Map<string, Manifest>()
  return {
    ids: [...files.keys()].sort(),
    manifest(id) {
      const file = files.get(id)!
      const manifest = read.get(id) ?? readManifest(readFileSync(file, 'utf8'), file)
      read.set(id, manifest)
      return manifest
    },
  }
}
