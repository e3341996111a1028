/**
 * Looks from time to time whether the platforms still have the subscriptions that are wanted: they delete or switch off
 * those whose deliveries failed, and say nothing.
 */
import type { SubscriptionTrouble } from '../insight/causes.ts'
import type { Database } from '../ledger/database.ts'
import { isPaused } from '../ledger/pause.ts'
import type { Log } from '../pipeline/pipe.ts'
import type { Generation } from './generation.ts'
import { subscriptionSteps } from './subscriptions.ts'

/** How often a platform is asked. Milliseconds. */
const EVERY = 15 * 60_000
/** How long one may take to answer. Milliseconds. */
const PATIENCE = 30_000

export interface SubscriptionWatch {
  /** What the last look found. Begins the next one in the background when it is due: nobody waits for a platform. */
  troubles(): SubscriptionTrouble[]
  stop(): Promise<void>
}

export interface WatchOptions {
  db: Database
  /** The present configuration, read each time. */
  now(): Pick<Generation, 'config' | 'connections'>
  log: Log
  every?: number
}

/** Made by whoever has the duty of looking for what is wrong; nothing is asked before its first question. */
export function watchSubscriptions(options: WatchOptions): SubscriptionWatch {
  const { every = EVERY } = options
  const known = new Map<string, SubscriptionTrouble>()
  const stopping = new AbortController()
  let began = Number.NEGATIVE_INFINITY
  let running: Promise<void> | null = null
  return {
    troubles() {
      if (running === null && !stopping.signal.aborted && performance.now() - began >= every) {
        began = performance.now()
        running = lookAtAll(options, known, stopping.signal).finally(() => {
          running = null
        })
      }
      const { connections } = options.now()
      return [...known.values()].filter((t) => connections.has(t.connection))
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** Never rejects: a platform that cannot be asked leaves what is known of it. */
async function lookAtAll(
  { db, now, log }: WatchOptions,
  known: Map<string, SubscriptionTrouble>,
  stop: AbortSignal,
): Promise<void> {
  for (const id of watched(now())) {
    if (stop.aborted) return
    try {
      if (!(await isPaused(db, id))) note(known, id, await lookAt(now(), id, stop))
    } catch (error) {
      // without a secret nothing would be taken in: then webhooks are not used here
      if ((error as { code?: unknown }).code === 'WEBHOOK_SECRET_MISSING') known.delete(id)
      else if (!stop.aborted) log('warn', 'subscriptions not looked at', { connection: id, error })
    }
  }
}

/** Those that a flow uses, where it is known how platforms reach us. */
function watched({ config, connections }: Pick<Generation, 'config' | 'connections'>): string[] {
  if (!config.http.publicUrl) return []
  const active = Object.values(config.flows).filter((f) => f.mode !== 'off')
  const used = new Set(active.flatMap((f) => [...f.shops, f.erp]))
  return [...connections.values()].filter((c) => c.subscriptions && used.has(c.id)).map((c) => c.id)
}

async function lookAt(
  { config, connections }: Pick<Generation, 'config' | 'connections'>,
  id: string,
  stop: AbortSignal,
): Promise<SubscriptionTrouble | null> {
  const connection = connections.get(id)
  if (!connection) return null
  const wish = { publicUrl: config.http.publicUrl, webhooks: config.connections[id]?.webhooks }
  const signal = AbortSignal.any([stop, AbortSignal.timeout(PATIENCE)])
  const steps = await subscriptionSteps(connection, wish, signal)
  const names = (state: string) => steps.filter((s) => s.state === state).map((s) => s.webhook)
  const [missing, disabled] = [names('missing'), names('disabled')]
  const wanted = steps.filter((s) => s.wanted !== null).length
  return missing.length + disabled.length > 0 ? { connection: id, wanted, missing, disabled } : null
}

function note(
  known: Map<string, SubscriptionTrouble>,
  id: string,
  trouble: SubscriptionTrouble | null,
): void {
  if (trouble) known.set(id, trouble)
  else known.delete(id)
}
