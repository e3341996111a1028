/** Alerts of a working process: one of all looks at everything and sends what is due; the others stand by. */
import { randomUUID } from 'node:crypto'
import fs from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Channel } from '../alerts/channel.ts'
import { createDispatcher, type Dispatcher } from '../alerts/dispatch.ts'
import { openChannels } from '../alerts/open.ts'
import { missingDeliveries } from '../alerts/routes.ts'
import { contentHash } from '../core/canonical.ts'
import { createLookout, type Lookout } from '../insight/look.ts'
import { currentAlerts, trimAlerts } from '../ledger/alert.ts'
import { addDeliveries, deliveriesOf, dropDeliveries } from '../ledger/alert-delivery.ts'
import { databaseClock } from '../ledger/alert-facts.ts'
import { mutes } from '../ledger/alert-mute.ts'
import { holdDuty, leaveDuty } from '../ledger/duty.ts'
import type { Pipe } from '../pipeline/pipe.ts'
import type { Config } from './config.ts'
import type { Generation } from './generation.ts'
import type { Live } from './live.ts'
import { wantedStreams } from './wanted-streams.ts'

const DUTY = 'alerts'
/** How often what is due is looked for. Milliseconds. */
const TICK = 2_000
/** Seconds after which another process takes over from one that died. */
const LEASE = 20
/** A channel that is being spoken to when the process stops may take so long. Milliseconds. */
const FAREWELL = 3_000
const QUEUE_LIMIT = 3_000
const TRIM_EVERY = 6 * 3600_000

export interface Alerting {
  /** Looks and sends as the present configuration says. */
  follow(): Promise<void>
  stop(): Promise<void>
}

/** Starts looking and sending. */
export function startAlerts(pipe: Pipe, live: Live): Alerting {
  let [basis, rounds] = [basisOf(live.now), startRounds(pipe, live.now)]
  return {
    async follow() {
      const next = basisOf(live.now)
      if (next === basis) return
      await rounds.stop()
      basis = next
      rounds = startRounds(pipe, live.now)
    },
    stop: () => rounds.stop(),
  }
}

/** All that they depend on: as long as it stays, there is nothing to follow. */
function basisOf(now: Generation): string {
  const { alerts, company, storage } = now.config
  return contentHash({
    alerts,
    company,
    storage,
    ids: [...now.connections.keys()],
    streams: wantedStreams(now),
  })
}

function startRounds(pipe: Pipe, now: Generation): { stop(): Promise<void> } {
  const { config } = now
  const channels = openChannels(config.alerts.channels, {
    language: config.alerts.language,
    zone: config.company.zone,
  })
  const stopping = new AbortController()
  const watch: Watch = {
    pipe,
    config,
    holder: randomUUID(),
    lookout: lookoutOf(pipe, now, channels),
    dispatcher: createDispatcher(pipe.db, channels, pipe.installation, pipe.log),
    looked: 0,
    trimmed: Date.now(),
  }
  let running: Promise<void> = Promise.resolve()
  let busy = false
  const timer = setInterval(() => {
    // a channel that is slow to answer must not pile up rounds
    if (busy) return
    busy = true
    running = round(watch, stopping.signal)
      .catch((error) => pipe.log('warn', 'alerts failed', { error }))
      .finally(() => {
        busy = false
      })
  }, TICK)
  return {
    async stop() {
      clearInterval(timer)
      const patience = new AbortController()
      await Promise.race([
        running,
        sleep(FAREWELL, undefined, { signal: patience.signal }).catch(() => undefined),
      ])
      patience.abort()
      stopping.abort()
      await running
      for (const channel of channels) channel.close()
      await leaveDuty(pipe.db, DUTY, watch.holder).catch((error) =>
        pipe.log('debug', 'alerts not left', { error }),
      )
    },
  }
}

function lookoutOf(pipe: Pipe, now: Generation, channels: Channel[]): Lookout {
  const { config } = now
  return createLookout({
    db: pipe.db,
    zone: config.company.zone,
    connections: [...now.connections.keys()],
    streams: wantedStreams(now),
    channels: channels.map((c) => c.name),
    every: config.alerts.every,
    queueAnswers: () => queueAnswers(pipe),
    freeDisk: () => freeDisk(pipe, config),
  })
}

interface Watch {
  pipe: Pipe
  config: Config
  holder: string
  lookout: Lookout
  dispatcher: Dispatcher
  /** When it looked last. */
  looked: number
  trimmed: number
}

async function round(watch: Watch, signal: AbortSignal): Promise<void> {
  const { pipe, config } = watch
  if (!(await holdDuty(pipe.db, DUTY, watch.holder, LEASE))) return
  if (Date.now() - watch.looked >= config.alerts.every) {
    watch.looked = Date.now()
    const { opened, closed } = await watch.lookout.look()
    for (const cause of opened) pipe.log('warn', 'alert opened', { cause })
    for (const cause of closed) pipe.log('info', 'alert closed', { cause })
  }
  await addMissing(pipe, config)
  await watch.dispatcher.round(signal)
  if (Date.now() - watch.trimmed > TRIM_EVERY) {
    watch.trimmed = Date.now()
    await trimAlerts(pipe.db)
  }
}

/** Messages that nobody has noted yet: what opened or closed, reminders, what a quiet hour or a mute held back. */
async function addMissing({ db }: Pipe, { alerts, company }: Config): Promise<void> {
  await dropDeliveries(db, Object.keys(alerts.channels))
  const current = await currentAlerts(db)
  if (current.length === 0) return
  const { now } = await databaseClock(db)
  const told = await deliveriesOf(
    db,
    current.map((a) => a.id),
  )
  const muted = (await mutes(db)).map((m) => m.cause)
  const { routes, quiet, remind } = alerts
  const routing = { routes, quiet, remind, zone: company.zone }
  await addDeliveries(db, missingDeliveries(current, told, muted, routing, now))
}

async function queueAnswers({ queue }: Pipe): Promise<boolean> {
  const limit = new AbortController()
  try {
    const late = sleep(QUEUE_LIMIT, false, { signal: limit.signal, ref: false }).catch(() => false)
    return await Promise.race([queue.ready().then(() => true), late])
  } catch {
    // it says no: that is the answer
    return false
  } finally {
    limit.abort()
  }
}

async function freeDisk({ db }: Pipe, { storage }: Config): Promise<number | null> {
  if (db.kind !== 'pglite') return null
  const disk = await fs.statfs(storage.data)
  return disk.bavail * disk.bsize
}
