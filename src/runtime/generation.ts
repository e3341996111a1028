/** A configuration, opened: what the pipe works with until another one is activated. */

import type { Budgets } from '../core/budget.ts'
import { contentHash } from '../core/canonical.ts'
import type { Connection } from '../core/ports.ts'
import type { TokenStore } from '../core/token-store.ts'
import { compileExpression } from '../expression/compile.ts'
import type { CodeView } from '../ledger/code-view.ts'
import type { ConfigurationUses } from '../ledger/configuration.ts'
import type { Flow } from '../pipeline/pipe.ts'
import type { Config, FlowConfig } from './config.ts'
import { openConnections } from './connections.ts'
import type { Log } from './log.ts'

export interface Generation {
  /** Of the ledger; null: a file that could not be stored. */
  readonly activation: number | null
  readonly config: Config
  readonly connections: Map<string, Connection>
  readonly flows: Flow[]
  /** Connection → what it was opened from; equal ones need not be opened again. */
  readonly origins: ReadonlyMap<string, string>
  /** Removes what was laid out for it. */
  close(): void
}

export interface NewGeneration {
  activation: number | null
  config: Config
  /** Null: not known, so nothing is taken over from the generation before. */
  uses: ConfigurationUses | null
  close?: () => void
}

/** What connections are opened with, the same for all generations of a process. */
export interface Workshop {
  log: Log
  codes: Pick<CodeView, 'of'>
  tokens: TokenStore | null
  budgets: Budgets
}

/** Opens what is new and takes over what stays as it is. Throws what opening connections throws, after `close`. */
export async function openGeneration(
  { activation, config, uses, close = () => undefined }: NewGeneration,
  { log, ...workshop }: Workshop,
  before?: Generation,
): Promise<Generation> {
  const origins = new Map(
    uses ? Object.keys(config.connections).map((id) => [id, origin(config, uses, id)]) : [],
  )
  const keep = (id: string) =>
    before && origins.has(id) && before.origins.get(id) === origins.get(id)
      ? before.connections.get(id)
      : undefined
  try {
    const flows = Object.values(config.flows).map(openFlow)
    const connections = await openConnections(config, log, { ...workshop, keep })
    return { activation, config, connections, flows, origins, close }
  } catch (error) {
    close()
    throw error
  }
}

/** Closes the connections of a generation that `next` has not taken over (null: all of them). */
export async function closeGeneration(old: Generation, next: Generation | null): Promise<void> {
  const kept = new Set(next?.connections.values())
  await Promise.all([...old.connections.values()].filter((c) => !kept.has(c)).map((c) => c.close()))
  old.close()
}

/** Code tables are left out: they change in place (code-view.ts). */
function origin({ connections, company }: Config, uses: ConfigurationUses, id: string): string {
  const { codes: _, ...given } = connections[id]!
  const mappings = Object.entries(uses.mappings).filter(([name]) => name.startsWith(`${given.use}/`))
  const { zone, currency } = company
  return contentHash({ given, zone, currency, connector: uses.connectors[given.use], mappings })
}

/** A flow as the pipe sees it; `adopt.number` becomes a function of the order. */
function openFlow({ id, shops, erp, from, mode, back, adopt }: FlowConfig): Flow {
  if (!adopt) return { id, shops, erp, from, mode, back, adopt: null }
  const expression = compileExpression(adopt.number)
  const number = (order: unknown) => {
    const value = expression(order)
    return value === undefined || value === null || value === '' ? null : String(value)
  }
  return { id, shops, erp, from, mode, back, adopt: { number, until: adopt.until } }
}

/** The code tables that a configuration states, by connection. */
export function statedTables(config: Config): Record<string, Config['connections'][string]['codes']> {
  return Object.fromEntries(Object.values(config.connections).map((c) => [c.id, c.codes]))
}
