/** Builds the configured connections: connector, settings and mappings put together. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { memoryBudgets } from '../connector/budget-memory.ts'
import { type Connector, connectorFolder, findConnectors, loadConnector } from '../connector/load.ts'
import { openConnection } from '../connector/open.ts'
import type { Budgets } from '../core/budget.ts'
import type { Connection, Mapping } from '../core/ports.ts'
import type { TokenStore } from '../core/token-store.ts'
import type { CodeView } from '../ledger/code-view.ts'
import { loadMapping } from '../mapping/load.ts'
import type { Config } from './config.ts'
import type { Log } from './log.ts'
import { tokensElsewhere } from './tokens.ts'

const CONNECTORS = fileURLToPath(new URL('../../connectors/', import.meta.url))
const MAPPINGS = fileURLToPath(new URL('../../mappings/', import.meta.url))

/** Another file instead of a connection's mapping of this name (`order.in`), to try it out; undefined: the usual one. */
export type Instead = (connection: string, name: string) => string | undefined

export interface OpenOptions {
  /** What mappings read; without, the code tables of tributary.yaml alone. */
  codes?: Pick<CodeView, 'of'>
  /** Where tokens are kept that are renewed; null: nowhere, although this process carries the orders. */
  tokens?: TokenStore | null
  instead?: Instead | undefined
  /** Where budgets are kept; without, in this process alone. */
  budgets?: Budgets
}

/** Opens every connection. A project's own mappings/ beside tributary.yaml go before the bundled ones. */
export async function openConnections(
  config: Config,
  log: Log,
  { codes, tokens, instead = () => undefined, budgets = memoryBudgets() }: OpenOptions = {},
): Promise<Map<string, Connection>> {
  const found = await connectorFolders(config)
  const opened = new Map<string, Connection>()
  for (const given of Object.values(config.connections)) {
    const connector = await loadConnector(connectorFolder(given.use, found))
    const mappings = (name: string): Promise<Mapping> =>
      loadMapping(instead(given.id, name) ?? mappingFile(config, given.use, name))
    const { zone, currency } = config.company
    const onCall = (call: object) => log.debug({ event: 'http.call', connection: given.id, ...call })
    const entry = {
      ...given,
      ...codes?.of(given.id),
      ...tokensFor(connector, tokens),
      company: { zone, currency },
      onCall,
      budgets,
    }
    opened.set(given.id, withPolls(await openConnection(connector, entry, mappings), given.poll))
  }
  return opened
}

/** Without a place to keep them, only tokens that can be got anew at any time are got, and kept in memory. */
function tokensFor({ manifest }: Connector, tokens: OpenOptions['tokens']): { tokens?: TokenStore } {
  if (tokens) return { tokens }
  return manifest.http?.token?.refresh ? { tokens: tokensElsewhere(tokens === null) } : {}
}

/** Lag and overlap as `poll:` of tributary.yaml states them, where it does. */
function withPolls(connection: Connection, polls: Config['connections'][string]['poll']): Connection {
  const streams = connection.streams.map((stream) => {
    const { lag = stream.lag, overlap = stream.overlap } = polls[stream.name] ?? {}
    return { ...stream, lag, overlap }
  })
  return { ...connection, streams }
}

/** The folders of all connectors, by id: a project's own connectors/ go before the bundled ones. */
export function connectorFolders(config: Config): Promise<Map<string, string>> {
  return findConnectors([CONNECTORS, join(config.file, '..', 'connectors')])
}

/** Where a connector's mapping of this name is read from. */
export function mappingFile(config: Config, connector: string, name: string): string {
  const local = join(config.file, '..', 'mappings', connector, `${name}.yaml`)
  return existsSync(local) ? local : join(MAPPINGS, connector, `${name}.yaml`)
}
