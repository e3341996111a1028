/** Builds the configured connections: connector, settings and mappings put together. */
import { memoryBudgets } from '../connector/budget-memory.ts'
import { type Connector, connectorFolder, loadConnector } from '../connector/load.ts'
import { openConnection } from '../connector/open.ts'
import type { Budgets } from '../core/budget.ts'
import type { Connection, Mapping } from '../core/ports.ts'
import type { TokenStore } from '../core/token-store.ts'
import type { CodeView } from '../ledger/code-view.ts'
import { loadMapping } from '../mapping/load.ts'
import type { Config } from './config.ts'
import type { Log } from './log.ts'
import { connectorFolders, mappingFile, mappingText } from './project.ts'
import { tokensElsewhere } from './tokens.ts'

/** Another file instead of a connection's mapping of this name (`order.in`), to try it out; undefined: the usual one. */
export type Instead = (connection: string, name: string) => string | undefined

export interface OpenOptions {
  /** What mappings read; without, the code tables of tributary.yaml alone. */
  codes?: Pick<CodeView, 'of'> | undefined
  /** Where tokens are kept that are renewed; null: nowhere, although this process carries the orders. */
  tokens?: TokenStore | null | undefined
  instead?: Instead | undefined
  /** Where budgets are kept; without, in this process alone. */
  budgets?: Budgets | undefined
  /** Those of an earlier configuration that are still right are taken over as they are. */
  keep?: (connection: string) => Connection | undefined
}

/**
 * Opens every connection. A project's own mappings/ beside tributary.yaml go before the bundled ones. Where one cannot
 * be opened, those before it are closed again.
 */
export async function openConnections(
  config: Config,
  log: Log,
  { keep = () => undefined, budgets = memoryBudgets(), ...options }: OpenOptions = {},
): Promise<Map<string, Connection>> {
  const found = await connectorFolders(config)
  const opened = new Map<string, Connection>()
  try {
    for (const given of Object.values(config.connections)) {
      const folder = () => connectorFolder(given.use, found)
      opened.set(
        given.id,
        keep(given.id) ?? (await openOne(config, given, folder(), { ...options, log, budgets })),
      )
    }
    return opened
  } catch (error) {
    await Promise.all([...opened.values()].filter((c) => keep(c.id) !== c).map((c) => c.close()))
    throw error
  }
}

async function openOne(
  config: Config,
  given: Config['connections'][string],
  folder: string,
  { log, codes, tokens, instead, budgets }: Omit<OpenOptions, 'keep'> & { log: Log },
): Promise<Connection> {
  const connector = await loadConnector(folder)
  const text = mappingText(config)
  const mappings = (name: string): Promise<Mapping> => {
    const other = instead?.(given.id, name)
    return other ? loadMapping(other) : loadMapping(mappingFile(config, given.use, name), {}, text)
  }
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
  return withPolls(await openConnection(connector, entry, mappings), given.poll)
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
