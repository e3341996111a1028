/** A window of a source's clock: how its API spells the two instants, and how many records the source has in it. */
import { connectorError } from '../core/errors/connector.ts'
import type { SourceCount } from '../core/ports.ts'
import type { StreamHooks, Tools } from './hooks.ts'
import type { StreamManifest } from './manifest.ts'
import { fillPath, pick } from './settings.ts'

interface Window {
  since: Date
  until: Date
}

/** `{since}` and `{until}` of a path. */
export function windowTexts(
  { since, until }: Window,
  kind: 'iso' | 'seconds' | 'milliseconds' = 'iso',
): { since: string; until: string } {
  const text = (at: Date) => {
    if (kind === 'iso') return at.toISOString()
    return String(kind === 'seconds' ? Math.floor(at.getTime() / 1000) : at.getTime())
  }
  return { since: text(since), until: text(until) }
}

/** `count` as a manifest declares it: a call of its own, or the total that each page of the list states. */
export function declaredCount({ count, list }: StreamManifest): StreamHooks['count'] | undefined {
  const exact = count?.exact ?? true
  if (count?.get) {
    const { get, at } = count
    return (window, tools, signal) =>
      ask(tools, fillPath(get, tools.settings, windowTexts(window, list?.clock)), at, exact, signal)
  }
  if (!list?.total) return undefined
  const { get, total, first, size, clock } = list
  const start = { page: first ?? 1, offset: 0, next: '', size: size ?? '' }
  return (window, tools, signal) =>
    ask(
      tools,
      fillPath(get, tools.settings, { ...start, ...windowTexts(window, clock) }),
      total,
      exact,
      signal,
    )
}

async function ask(
  tools: Tools,
  path: string,
  at: string | undefined,
  exact: boolean,
  signal: AbortSignal,
): Promise<SourceCount> {
  const answer = tools.ok(await tools.http({ method: 'GET', path, signal }))
  const found = pick(tools.json(answer.body), at)
  if (/^\d{1,15}$/.test(String(found))) return { count: Number(found), exact }
  const reason = `no whole number at ${at ?? 'the top'}`
  throw connectorError('CONNECTOR_ANSWER_UNREADABLE', { reason })
}
