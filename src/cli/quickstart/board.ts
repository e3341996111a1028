/** The live board of the quickstart: what was sold where, how far it is, what is wrong, how fast it goes. */
import { fromMinor } from '../../core/money.ts'
import type { OrderSummary, Stats } from '../../runtime/operations.ts'
import type { Say } from '../language.ts'
import { clean, table } from '../table.ts'
import { type Generated, SHOPS } from './shops.ts'

/** What one look at everything has found. `latest`: the orders that came last, shop by shop, newest first. */
export interface Look {
  stats: Stats
  made: Generated
  latest: readonly OrderSummary[]
}

export interface Board {
  draw(look: Look): void
  /** One line above the board, to stay. */
  note(line: string): void
  end(): void
}

/** Redrawn in place on a terminal; elsewhere one line whenever something changed. */
export function createBoard(out: NodeJS.WriteStream, say: Say): Board {
  const history: { at: number; confirmed: number }[] = []
  let drawn = 0
  let last = ''
  const rate = (confirmed: number): number => {
    const now = Date.now()
    history.push({ at: now, confirmed })
    while (history.length > 2 && now - history[0]!.at > 5_000) history.shift()
    const first = history[0]!
    return now > first.at ? ((confirmed - first.confirmed) * 1000) / (now - first.at) : 0
  }
  return {
    draw(look) {
      const perSecond = rate(look.stats.confirmed)
      if (!out.isTTY) {
        const line = lineOf(look)
        if (line !== last) out.write(`${line}  ${perSecond.toFixed(0)}/s\n`)
        last = line
        return
      }
      const lines = [...linesOf(look, perSecond), ...latestOf(look.latest, say)]
      if (drawn) out.write(`\u001b[${drawn}A`)
      out.write(`${lines.map((l) => `\u001b[2K${l}\n`).join('')}\u001b[J`)
      drawn = lines.length
    },
    note(line) {
      if (drawn) out.write(`\u001b[${drawn}A\u001b[J`)
      out.write(`${line}\n`)
      drawn = 0
    },
    end() {
      drawn = 0
    },
  }
}

function lineOf({ stats, made }: Look): string {
  const sold = SHOPS.map((shop) => `${shop} ${made.orders[shop]}`).join(' + ')
  return (
    `sold ${sold}  received ${stats.received}  normalised ${stats.normalized}  planned ${planned(stats)}  ` +
    `confirmed ${stats.confirmed}  parked ${stats.parked}`
  )
}

function linesOf({ stats, made }: Look, perSecond: number): string[] {
  const error = stats.connections.map((c) => c.lastError).find((e) => e !== null)
  const whole = made.all
  return [
    `  sold        ${number(whole)}   ${SHOPS.map((shop) => `${shop} ${made.orders[shop]}`).join('   ')}`,
    `  received    ${number(stats.received)}   ${bar(stats.received, whole)}`,
    `  normalised  ${number(stats.normalized)}   ${bar(stats.normalized, whole)}`,
    `  planned     ${number(planned(stats))}   ${bar(planned(stats), whole)}`,
    `  confirmed   ${number(stats.confirmed)}   ${bar(stats.confirmed, whole)}`,
    `  parked      ${number(stats.parked)}`,
    `  last error  ${error ? `${error.code}: ${clean(error.message).slice(0, 70)}` : '-'}`,
    `  rate        ${perSecond.toFixed(0)} orders/s`,
    '',
  ]
}

/** The orders that came last, each with its shop and how far it is. */
function latestOf(latest: readonly OrderSummary[], say: Say): string[] {
  if (latest.length === 0) return []
  const rows = latest.map((o) => [
    `${o.connection} ${o.number}`,
    `${o.currency} ${fromMinor(o.total, o.currency)}`,
    say(`progress.${o.progress}`),
  ])
  const titles = [say('column.order'), say('column.total'), say('column.progress')]
  return table(titles, rows)
    .split('\n')
    .map((line) => `  ${line}`)
}

/** Everything that became a push, whatever its state. */
function planned(stats: Stats): number {
  const { waiting } = stats
  return (
    stats.confirmed + stats.shadowed + waiting.planned + waiting.sending + waiting.unknown + waiting.accepted
  )
}

const number = (n: number) => String(n).padStart(7)

function bar(n: number, of: number): string {
  const width = 30
  const full = of > 0 ? Math.min(width, Math.round((n / of) * width)) : 0
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`
}
