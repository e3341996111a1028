/** Where mapping files are used: which connection reads or writes what through which file. */
import { realpathSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { connectorFolder, loadConnector } from '../connector/load.ts'
import { mappingError } from '../core/errors/mapping.ts'
import type { DocumentKind } from '../core/ports.ts'
import type { PushTarget } from '../ledger/stored-push.ts'
import type { RecordTarget } from '../ledger/stored-record.ts'
import { readMapping } from '../mapping/read.ts'
import type { Config } from './config.ts'
import { connectorFolders, mappingFile } from './project.ts'

/** One use of one mapping file by one connection. */
export interface MappingUse {
  connection: string
  connector: string
  /** As the manifest names it: `order.in`. */
  name: string
  /** Absolute: the file in use. */
  file: string
  /** What is mapped in or out. */
  target: { way: 'in'; record: RecordTarget } | { way: 'out'; push: PushTarget }
}

/** Every use, in the order of the configuration. Throws what loading a connector throws. */
export async function mappingUses(config: Config): Promise<MappingUse[]> {
  const folders = await connectorFolders(config)
  const uses: MappingUse[] = []
  for (const { id, use } of Object.values(config.connections)) {
    const { manifest } = await loadConnector(connectorFolder(use, folders))
    const add = (name: string, target: MappingUse['target']) =>
      uses.push({
        connection: id,
        connector: use,
        name,
        file: resolve(mappingFile(config, use, name)),
        target,
      })
    for (const [stream, { document, shapes }] of Object.entries(manifest.read ?? {})) {
      for (const [shape, name] of Object.entries(shapes)) {
        add(name, { way: 'in', record: { connection: id, stream, shape, document } })
      }
    }
    for (const [kind, { mapping }] of Object.entries(manifest.write ?? {})) {
      if (mapping) add(mapping, { way: 'out', push: { connection: id, kind: kind as DocumentKind } })
    }
  }
  return uses
}

/** `shop:order:webhook` or, outgoing, `erp:order`: as `--for` takes it. */
export function useName({ target }: MappingUse): string {
  return target.way === 'in'
    ? `${target.record.connection}:${target.record.stream}:${target.record.shape}`
    : `${target.push.connection}:${target.push.kind}`
}

/** Which uses a file is meant for, where it is not said by its place or by what it maps. */
export interface UseChoice {
  /** As `useName` spells it. */
  for?: string
  connection?: string
}

/**
 * The uses that a changed file would take: the one that `for` names; else those of the file at its place
 * (`mappings/<connector>/<name>.yaml`); else those whose file maps the same `from` to the same `to`. Never both
 * directions. Throws MAPPING_NO_USE with all there are, and what reading a mapping file throws.
 */
export async function usesFor(file: string, uses: MappingUse[], choice: UseChoice): Promise<MappingUse[]> {
  const { from, to } = await readMapping(file)
  const open = choice.connection ? uses.filter((u) => u.connection === choice.connection) : uses
  const found = choice.for
    ? open.filter((u) => useName(u) === choice.for)
    : (atPlace(file, open) ?? (await mappingSame({ from, to }, open)))
  if (found.length === 0) {
    throw mappingError('MAPPING_NO_USE', { file, from, to, known: open.map(useName).join(', ') || '—' })
  }
  return found.filter((u) => u.target.way === found[0]!.target.way)
}

function atPlace(file: string, uses: MappingUse[]): MappingUse[] | null {
  const path = resolve(file)
  const name = basename(path).replace(/\.ya?ml$/, '')
  const connector = basename(dirname(path))
  const found = uses.filter((u) => isSameFile(u.file, file) || (u.connector === connector && u.name === name))
  return found.length > 0 ? found : null
}

async function mappingSame(
  { from, to }: { from: string; to: string },
  uses: MappingUse[],
): Promise<MappingUse[]> {
  const same = new Map<string, boolean>()
  for (const file of new Set(uses.map((u) => u.file))) {
    const other = await readMapping(file)
    same.set(file, other.from === from && other.to === to)
  }
  return uses.filter((u) => same.get(u.file))
}

/** True where both paths lead to one file, by links too. */
export function isSameFile(one: string, other: string): boolean {
  return realpathSync(one) === realpathSync(other)
}
