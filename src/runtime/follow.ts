/**
 * A running process follows what is activated: it opens the new configuration beside the one in use, swaps, and
 * closes what is left when nothing has it in hand any more. One that cannot open it stays as it is and says why. Its
 * row in the ledger shows that it lives and by what it runs.
 */
import { crashPoint } from '../core/crash-point.ts'
import { TributaryError } from '../core/errors/error.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import type { CodeView } from '../ledger/code-view.ts'
import {
  activationById,
  CONFIGURATION_CHANGED,
  configurationById,
  followedActivation,
  holdActivation,
} from '../ledger/configuration.ts'
import type { Database, Queryable } from '../ledger/database.ts'
import {
  addProcess,
  isLeftToOthers,
  type NewProcess,
  removeProcess,
  renewProcess,
} from '../ledger/process.ts'
import type { Activation } from '../pipeline/pipe.ts'
import type { OwnConfig } from './config.ts'
import type { Environment } from './config-environment.ts'
import { usedFiles } from './configuration-files.ts'
import { loadStored } from './configuration-load.ts'
import { toWire } from './control-protocol.ts'
import {
  closeGeneration,
  type Generation,
  openGeneration,
  statedTables,
  type Workshop,
} from './generation.ts'
import type { Live } from './live.ts'
import type { Log } from './log.ts'

/** How often it looks whether something was activated: a notification may be lost. Milliseconds. */
const LOOK_EVERY = 1_000
/** How often it says that it lives. Milliseconds. */
const BEAT_EVERY = 5_000
/** What was refused is tried again this often: a file may have been corrected meanwhile. Milliseconds. */
const RETRY_EVERY = 15_000

export interface FollowOptions {
  db: Database
  live: Live
  codes: CodeView
  /** What this process was started with: its own storage, addresses and log. */
  own: OwnConfig
  env: Environment
  log: Log
  workshop: Workshop
  process: NewProcess
  /** Called after each swap: whatever must be started or stopped for it. */
  follow(): Promise<void>
}

export class Follower implements Activation {
  #options: FollowOptions
  #refused: { activation: number; error: unknown; at: number } | null = null
  #turn: Promise<unknown> = Promise.resolve()
  /** Old generations that something still has in hand, closed one after another: each may hold what the next took over. */
  #closed: Promise<unknown> = Promise.resolve()
  #timers: NodeJS.Timeout[] = []
  #stopped = false
  /** Workers and schedules are still those of the generation before. */
  #behind = false
  #unlisten: (() => Promise<void>) | undefined

  constructor(options: FollowOptions) {
    this.#options = options
  }

  get id(): number | null {
    return this.#options.live.now.activation
  }

  async isActive(tx: Queryable): Promise<boolean> {
    const newest = await holdActivation(tx)
    if (this.#has(newest)) return true
    // what nobody can take over must not hold up the orders
    return this.#refused?.activation === newest && !(await this.#isLeft(tx, newest!))
  }

  async catchUp(): Promise<boolean> {
    await this.look()
    const newest = await followedActivation(this.#options.db)
    return this.#has(newest) || !(await this.#isLeft(this.#options.db, newest!))
  }

  #isLeft(db: Queryable, newest: number): Promise<boolean> {
    return isLeftToOthers(db, newest, this.#options.process.id)
  }

  #has(newest: number | null): boolean {
    return newest === null || newest <= (this.id ?? 0)
  }

  /** Registers the process and follows from now on. */
  async start(): Promise<this> {
    const { db, log, process } = this.#options
    await addProcess(db, process)
    const look = () =>
      void this.look().catch((error) => log.warn({ event: 'configuration.look-failed', error }))
    const beat = () => void this.#beat().catch((error) => log.warn({ event: 'process.beat-failed', error }))
    this.#unlisten = await db.listen(CONFIGURATION_CHANGED, look)
    this.#timers = [setInterval(look, LOOK_EVERY), setInterval(beat, BEAT_EVERY)]
    for (const timer of this.#timers) timer.unref()
    look()
    return this
  }

  /** Follows no more; what is being taken over is taken over. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) clearInterval(timer)
    await this.#unlisten?.()
    await this.#turn
  }

  /** Ends it, after whatever has an old generation in hand; the process's row goes. */
  async close(): Promise<void> {
    const { db, process } = this.#options
    await this.stop()
    await this.#closed
    await removeProcess(db, process.id).catch(() => undefined)
  }

  /** Takes over what is active now, if that is something new. Never throws for a configuration that is wrong. */
  look(): Promise<void> {
    const next = this.#turn.then(() => this.#look())
    this.#turn = next.catch(() => undefined)
    return next
  }

  async #look(): Promise<void> {
    if (this.#stopped) return
    const newest = await followedActivation(this.#options.db)
    if (newest === null || this.#has(newest)) return this.#goAlong()
    const refused = this.#refused
    if (refused?.activation === newest && Date.now() - refused.at < RETRY_EVERY) return
    const { log, live } = this.#options
    try {
      await this.#take(newest)
      this.#refused = null
    } catch (error) {
      // twice the same is said once
      if (refused?.activation !== newest) {
        log.error({ event: 'configuration.refused', activation: newest, stays: live.now.activation, error })
      }
      this.#refused = { activation: newest, error, at: Date.now() }
    }
    await this.#beat()
    if (this.#refused) return
    log.info({ event: 'configuration.active', activation: newest })
    this.#behind = true
    await this.#goAlong()
  }

  /** Workers and schedules of what was taken over; where the queue is away, tried again with the next look. */
  async #goAlong(): Promise<void> {
    if (!this.#behind) return
    const { log, follow } = this.#options
    try {
      await follow()
      this.#behind = false
    } catch (error) {
      log.warn({ event: 'configuration.follow-failed', error })
    }
  }

  async #take(id: number): Promise<void> {
    const { live, codes } = this.#options
    const next = await this.#open(id)
    let restated: () => void
    try {
      restated = await codes.restate(statedTables(next.config))
    } catch (error) {
      await closeGeneration(next, live.now)
      throw error
    }
    crashPoint('configuration.opened')
    const old = live.now
    restated()
    this.#closeLater(old, next, live.swap(next))
    crashPoint('configuration.swapped')
  }

  async #open(id: number): Promise<Generation> {
    const { db, own, env, live, workshop, process } = this.#options
    const activation = await activationById(db, id)
    const stored = activation && (await configurationById(db, activation.configuration_id))
    if (!stored) throw runtimeError('RUNTIME_UNKNOWN', { what: 'configuration', id: String(id) })
    const { config, close } = loadStored(stored.files, own, env)
    const used = await usedFiles(config, process.version).catch((error) => {
      close()
      throw error
    })
    const opened = { activation: id, config, uses: used.uses, close }
    return openGeneration(opened, workshop, live.now)
  }

  #closeLater(old: Generation, next: Generation, idle: Promise<void>): void {
    const { log } = this.#options
    this.#closed = Promise.all([this.#closed, idle])
      .then(() => closeGeneration(old, next))
      .catch((error: unknown) => log.warn({ event: 'configuration.close-failed', error }))
  }

  async #beat(): Promise<void> {
    const { db, process } = this.#options
    const refused = this.#refused
    await renewProcess(db, process, {
      activation: this.id,
      refused: refused?.activation ?? null,
      problem: refused && problemOf(refused.error),
    })
  }
}

/** As it travels to whoever asks what is wrong. */
function problemOf(error: unknown) {
  const { code, detail } = error instanceof TributaryError ? error : toWire(error)
  return { code, detail }
}
