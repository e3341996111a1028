/** Connections of tributary.yaml, made to work: connector, settings, mappings. Calls nobody. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CallEvent } from '../connector/client.ts'
import { connectorFolder, findConnectors, loadConnector, openConnection } from '../connector/load.ts'
import type { Connection } from '../core/ports.ts'
import { loadMapping } from '../mapping/load.ts'
import type { Config } from './config.ts'

const CONNECTORS = fileURLToPath(new URL('../../connectors/', import.meta.url))
const MAPPINGS = fileURLToPath(new URL('../../mappings/', import.meta.url))

export interface OpenOptions {
  /** Only these; all when left out. */
  only?: readonly string[]
  /** Told of every HTTP call, without query, headers or bodies. */
  onCall?: (connection: string, event: CallEvent) => void
}

/**
 * Opens every connection of a configuration, by id. Throws TributaryError of kind `config` (settings, manifest,
 * mapping); what was opened before is closed again.
 */
export async function openConnections(
  config: Config,
  { only, onCall }: OpenOptions = {},
): Promise<Map<string, Connection>> {
  const found = await findConnectors([CONNECTORS])
  const opened = new Map<string, Connection>()
  try {
    for (const c of Object.values(config.connections)) {
      if (only && !only.includes(c.id)) continue
      const connector = await loadConnector(connectorFolder(c.use, found))
      const connection = await openConnection(
        connector,
        {
          id: c.id,
          entity: c.entity,
          settings: c.settings,
          concurrency: c.concurrency ?? undefined,
          rate: c.rate,
          codes: c.codes,
          company: { zone: config.company.zone, currency: config.company.currency },
          ...(onCall ? { onCall: (event: CallEvent) => onCall(c.id, event) } : {}),
        },
        (name) => loadMapping(join(MAPPINGS, connector.id, `${name}.yaml`)),
      )
      opened.set(c.id, withPoll(connection, c.poll))
    }
  } catch (error) {
    await closeConnections(opened)
    throw error
  }
  return opened
}

/** `poll:` of the configuration over what the connector declares. */
function withPoll(connection: Connection, poll: Config['connections'][string]['poll']): Connection {
  const streams = connection.streams
    .filter((stream) => !poll[stream.name]?.off)
    .map((stream) => {
      const { off: _, ...given } = poll[stream.name] ?? { off: false }
      return Object.keys(given).length > 0 ? { ...stream, ...given } : stream
    })
  return { ...connection, streams }
}

/** Closes all of them; the first failure is thrown when every one was asked. */
export async function closeConnections(connections: Map<string, Connection>): Promise<void> {
  const ended = await Promise.allSettled([...connections.values()].map((c) => c.close()))
  const failed = ended.find((e) => e.status === 'rejected')
  if (failed) throw failed.reason
}
