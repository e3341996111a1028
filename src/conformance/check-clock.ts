/** Windows against the clock of the model remote: another zone, summer time, an index that lags. */

import type { Clock } from '../connector/manifest-http.ts'
import { fixedOffset } from '../core/local-time.ts'
import {
  hasWindow,
  missing,
  onModel,
  pageSize,
  type Rig,
  readWindow,
  records,
  START,
  unmodelled,
} from './check-read.ts'
import { type Finding, failed, not, ok } from './finding.ts'
import { declaredSource, versionClock } from './model-sources.ts'
import { type Subject, zoneSettings } from './subject.ts'
import { changesOf } from './wall-clock.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** An index that is this late loses nothing. */
export const LATE = 60_000

export async function checkClocks(subject: Subject, name: string): Promise<Finding[]> {
  const declared = declaredSource(subject, name) ?? subject.connector.manifest.read![name]!
  const windowed = declared.list ?? declared.files ?? typeof declared.rows === 'object'
  if (windowed && !hasWindow(declared)) {
    const say = declared.files
      ? 'files have no window: each is read once'
      : 'the list has no {since}: all of it is read each time'
    return (['gaps-clock', 'gaps-summer-time', 'gaps-late'] as const).map((check) =>
      not({ check, about: name }, say),
    )
  }
  return [await otherZone(subject, name), await summerTime(subject, name), await lateIndex(subject, name)]
}

function clockOf(subject: Subject, name: string): Clock {
  const { manifest } = subject.connector
  const source = declaredSource(subject, name)?.rows
  if (typeof source === 'object') return versionClock(subject, source)
  return manifest.read![name]!.list?.clock ?? manifest.http?.clock ?? 'iso'
}

/** Settings in which the API's clock stands in this zone; null where the zone is fixed by the manifest. */
function inZone(subject: Subject, zone: string): Record<string, unknown> | null {
  const names = zoneSettings(subject.connector.manifest)
  return names.length === 0
    ? null
    : { ...subject.settings, ...Object.fromEntries(names.map((n) => [n, zone])) }
}

/** Consecutive windows of odd length over a day; every record must come in one of them. */
async function windows(rig: Rig, start: number, end: number, step: number): Promise<string | null> {
  const seen: { id: string }[] = []
  for (let since = start; since < end; since += step) {
    const { read } = await readWindow(rig.stream, since, Math.min(end, since + step))
    seen.push(...read)
  }
  return missing(rig.model.state.records, seen)
}

async function otherZone(subject: Subject, name: string): Promise<Finding> {
  const part = { check: 'gaps-clock', about: name } as const
  const clock = clockOf(subject, name)
  const settings = inZone(subject, 'Asia/Shanghai') ?? subject.settings
  const zone = typeof clock === 'object' ? (inZone(subject, '') ? 'Asia/Shanghai' : clock.zone) : null
  return onModel(
    subject,
    name,
    'gaps-clock',
    async (rig) => {
      const day = Date.UTC(2026, 5, 10, 10)
      rig.model.state.records = records(Math.min(40, 4 * pageSize(rig.declared)), day, 31 * MINUTE)
      const end = rig.model.state.records.at(-1)!.at + HOUR
      const lost = await windows(rig, day, end, 97 * MINUTE + 500)
      if (lost) return failed(part, 'model', 'every record over local and UTC midnight', lost)
      return ok(
        part,
        'model',
        zone ? `the source's clock in ${zone}, over midnight` : 'instants that name no local time',
      )
    },
    settings,
  )
}

async function summerTime(subject: Subject, name: string): Promise<Finding> {
  const part = { check: 'gaps-summer-time', about: name } as const
  const why = unmodelled(subject, name)
  if (why) return not(part, why)
  const clock = clockOf(subject, name)
  if (typeof clock !== 'object')
    return not(part, `instants are written as ${clock}, which no clock change touches`)
  const settings = inZone(subject, 'Europe/Berlin')
  const zone = settings ? 'Europe/Berlin' : clock.zone
  const change = fixedOffset(zone) === null ? changesOf(zone) : null
  if (!change) return not(part, `the clocks of ${zone} never change`)
  return onModel(
    subject,
    name,
    'gaps-summer-time',
    async (rig) => {
      for (const [what, at] of Object.entries(change)) {
        rig.model.state.records = records(18, at - 3 * HOUR, 20 * MINUTE + 7_000)
        const lost = await windows(rig, at - 3 * HOUR, at + 4 * HOUR, 23 * MINUTE)
        if (lost) return failed(part, 'model', `every record while clocks go ${what} in ${zone}`, lost)
      }
      return ok(part, 'model', `the gap and the overlap of ${zone}`)
    },
    settings ?? subject.settings,
  )
}

/** Polls every 30 s as the pipe does: from the watermark less `overlap` to now less `lag`. */
async function lateIndex(subject: Subject, name: string): Promise<Finding> {
  const part = { check: 'gaps-late', about: name } as const
  return onModel(subject, name, 'gaps-late', async (rig) => {
    const { stream, model } = rig
    model.state.records = records(12, START, 37_000).map((r) => ({ ...r, visibleAt: r.at + LATE }))
    const end = model.state.records.at(-1)!.visibleAt + stream.lag + stream.overlap + MINUTE
    const seen: { id: string }[] = []
    let watermark = START - MINUTE
    const step = Math.max(30_000, Math.ceil((end - START) / 60))
    for (let now = START; now < end + step; now += step) {
      model.state.now = now
      const until = now - stream.lag
      if (until <= watermark) continue
      seen.push(...(await readWindow(stream, watermark - stream.overlap, until)).read)
      watermark = until
    }
    const lost = missing(model.state.records, seen)
    const figures = `lag ${stream.lag / 1000} s, overlap ${stream.overlap / 1000} s`
    if (lost)
      return failed(
        part,
        'model',
        `every record, though the index shows it ${LATE / 1000} s late`,
        `${lost}; ${figures}`,
      )
    return ok(part, 'model', `an index ${LATE / 1000} s late (${figures})`)
  })
}
