/** What the operations on configurations take and give; see operations.ts. */
import type { ActivationKind, ConfigurationFiles, ConfigurationUses } from '../ledger/configuration.ts'
import type { OrderRange } from '../ledger/replan.ts'
import type { Actor, Bilingual, PageOf, PageQuery } from './operations-parts.ts'

export type { ActivationKind, ConfigurationFiles, ConfigurationUses, OrderRange }

/** One activation: who made which configuration the active one, and when. */
export interface ActivationSummary {
  id: string
  configuration: string
  /** Equal for configurations that say the same. */
  hash: string
  /** The configuration before; null: the first. */
  from: string | null
  /** `start`: by a process that found nothing that was applied. */
  kind: ActivationKind
  at: string
  by: string
  why: string | null
}

/** A process on this ledger that lives. */
export interface ProcessSummary {
  id: string
  role: 'all' | 'serve' | 'work'
  host: string
  pid: number
  version: string
  startedAt: string
  /** What it runs by; null: a file that could not be stored. */
  activation: string | null
  /** The activation that it could not take over. */
  refused: string | null
  /** Why. */
  problem: { code: string; say: Bilingual; fix: Bilingual } | null
  /** It was started after the active configuration was applied, and its file said something else. */
  fileDiffers: boolean
}

export interface ConfigurationState {
  /** Null: nothing was ever started or applied. */
  active: ActivationSummary | null
  /** True once something was applied: then processes follow the ledger and not their files. */
  applied: boolean
  processes: ProcessSummary[]
  /** Orders are still being marked to be planned again. */
  replanning: boolean
}

/** An activation with all that it consists of. Secrets are marked, never there. */
export interface ConfigurationDetail extends ActivationSummary {
  files: ConfigurationFiles
  uses: ConfigurationUses
}

/** What a change would touch, to be counted. */
export interface ImpactQuery {
  /** Flows whose pushes are counted. */
  flows: string[]
  /** Orders that a flow takes in or lets go. */
  orders: { flow: string; ranges: OrderRange[] }[]
  /** Connections whose waiting work is counted. */
  connections: string[]
}

/**
 * In the order of the query. `complete` false: time was over, there are at least so many. `fresh`: orders that the
 * flow has not pushed; `unsent`: those that it has planned and not sent.
 */
export interface Impact {
  flows: { shadowed: number; planned: number; complete: boolean }[]
  orders: { fresh: number; unsent: number; complete: boolean }[]
  connections: { pushes: number; records: number }[]
}

export interface ActivateRequest extends Actor {
  /** Id of a stored configuration, or one to be stored. */
  configuration: string | { hash: string; files: ConfigurationFiles }
  kind: 'apply' | 'rollback'
  uses: ConfigurationUses
  /** Orders to be planned again once it is active. */
  replan: OrderRange[]
  /** The activation that the difference was shown against; null: none. */
  expected: string | null
}

export interface ConfigurationOperations {
  configurationState(request: Record<string, never>): Promise<ConfigurationState>
  /** Activations, newest first. */
  configurationList(request: PageQuery): Promise<PageOf<ActivationSummary>>
  /** `id`: of an activation; the active one without. Throws RUNTIME_UNKNOWN, CONFIGURATION_NONE. */
  configurationShow(request: { id?: string }): Promise<ConfigurationDetail>
  /** Not reachable over the API. */
  configurationImpact(request: ImpactQuery): Promise<Impact>
  /** Throws CONFIGURATION_CHANGED. Not reachable over the API: the files lie where the command runs. */
  configurationActivate(request: ActivateRequest): Promise<ActivationSummary>
}

/** Their names; see OPERATIONS. */
export const CONFIGURATION_OPERATIONS = [
  'configurationState',
  'configurationList',
  'configurationShow',
  'configurationImpact',
  'configurationActivate',
] as const
