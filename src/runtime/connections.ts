/** Builds the configured connections: connector, settings and mappings put together. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectorFolder, findConnectors, loadConnector, openConnection } from '../connector/load.ts'
import type { Connection, Mapping } from '../core/ports.ts'
import type { CodeView } from '../ledger/code-view.ts'
import { loadMapping } from '../mapping/load.ts'
import type { Config } from './config.ts'
import type { Log } from './log.ts'

const CONNECTORS = fileURLToPath(new URL('../../connectors/', import.meta.url))
const MAPPINGS = fileURLToPath(new URL('../../mappings/', import.meta.url))

/**
 * Opens every connection. A project's own mappings/ beside tributary.yaml go before the bundled ones. Mappings read
 * `codes`, where given, else the code tables of tributary.yaml alone.
 */
export async function openConnections(
  config: Config,
  log: Log,
  codes?: Pick<CodeView, 'of'>,
): Promise<Map<string, Connection>> {
  const own = join(config.file, '..')
  const found = await findConnectors([CONNECTORS, join(own, 'connectors')])
  const opened = new Map<string, Connection>()
  for (const given of Object.values(config.connections)) {
    const connector = await loadConnector(connectorFolder(given.use, found))
    const mappings = (name: string): Promise<Mapping> => loadMapping(mappingFile(own, given.use, name))
    const { zone, currency } = config.company
    const onCall = (call: object) => log.debug({ event: 'http.call', connection: given.id, ...call })
    const entry = { ...given, ...codes?.of(given.id), company: { zone, currency }, onCall }
    opened.set(given.id, withPolls(await openConnection(connector, entry, mappings), given.poll))
  }
  return opened
}

/** Lag and overlap as `poll:` of tributary.yaml states them, where it does. */
function withPolls(connection: Connection, polls: Config['connections'][string]['poll']): Connection {
  const streams = connection.streams.map((stream) => {
    const { lag = stream.lag, overlap = stream.overlap } = polls[stream.name] ?? {}
    return { ...stream, lag, overlap }
  })
  return { ...connection, streams }
}

function mappingFile(own: string, connector: string, name: string): string {
  const local = join(own, 'mappings', connector, `${name}.yaml`)
  return existsSync(local) ? local : join(MAPPINGS, connector, `${name}.yaml`)
}
