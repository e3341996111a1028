/** Which mapping files a project uses, and with which variables a connection runs them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readManifest } from '../connector/manifest-file.ts'
import { openSettings, resolveSettings } from '../connector/settings.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import type { MapContext } from '../core/ports.ts'
import { parseYaml } from '../core/yaml.ts'
import type { Config } from './config.ts'
import { BUNDLED } from './project.ts'

/**
 * The mapping files of a project: those of every connector that a connection uses, the project's own before the
 * bundled ones, and everything else in its mappings folder. Secrets need not be set for it. `config`: absolute path
 * of tributary.yaml, which may be missing: then only the folder beside it counts. Throws TributaryError YAML_… or
 * CONNECTOR_… of files that are wrong.
 */
export function projectMappings(config: string): string[] {
  const own = join(dirname(config), 'mappings')
  const found = new Set(mappingsIn(own))
  for (const id of existsSync(config) ? usedConnectors(config) : []) {
    for (const name of namesOf(id, dirname(config))) {
      const local = join(own, id, `${name}.yaml`)
      found.add(existsSync(local) ? local : join(BUNDLED.mappings, id, `${name}.yaml`))
    }
  }
  return [...found].sort()
}

/** All mapping files below a folder; none where there is none. */
export function mappingsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(in|out)\.yaml$/.test(name))
    .map((name) => join(folder, name))
}

/** Connector ids, read leniently: whether the configuration is right is the business of `tributary check`. */
function usedConnectors(config: string): string[] {
  const { value } = parseYaml(readFileSync(config, 'utf8'), config)
  const connections = (value as { connections?: unknown } | null)?.connections
  const used = Object.values(isMap(connections) ? connections : {}).flatMap((c) =>
    isMap(c) && typeof c.use === 'string' ? [c.use] : [],
  )
  return [...new Set(used)]
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** What its manifest names, and what lies in its bundled folder: hooks use mappings too. */
function namesOf(id: string, project: string): string[] {
  const bundled = mappingsIn(join(BUNDLED.mappings, id)).map((file) =>
    file.slice(join(BUNDLED.mappings, id).length + 1).replace(/\.yaml$/, ''),
  )
  const manifest = manifestOf(id, project)
  if (!manifest) return bundled
  const named = [
    ...Object.values(manifest.read ?? {}).flatMap((stream) => Object.values(stream.shapes)),
    ...Object.values(manifest.write ?? {}).flatMap(({ mapping }) => (mapping ? [mapping] : [])),
  ]
  return [...new Set([...named, ...bundled])]
}

function manifestOf(id: string, project: string): ReturnType<typeof readManifest> | null {
  const files = [join(project, 'connectors'), BUNDLED.connectors].map((f) => join(f, id, 'connector.yaml'))
  const file = files.find((f) => existsSync(f))
  return file ? readManifest(readFileSync(file, 'utf8'), file) : null
}

/**
 * The variables that a connection's mappings see: its settings without secrets, its code tables, the company.
 * Throws RUNTIME_UNKNOWN for an id that is not configured, and what wrong settings throw.
 */
export function connectionContext(config: Config, id: string): MapContext {
  const given = Object.hasOwn(config.connections, id) ? config.connections[id]! : null
  const manifest = given ? manifestOf(given.use, dirname(config.file)) : null
  if (!given || !manifest) throw runtimeError('RUNTIME_UNKNOWN', { what: 'connection', id })
  const { zone, currency } = config.company
  return {
    connection: id,
    entity: given.entity,
    settings: openSettings(manifest, resolveSettings(manifest, given.settings, id)),
    company: { zone, currency },
    codes: given.codes,
    push: { key: 'T0001', revision: 1 },
  }
}
