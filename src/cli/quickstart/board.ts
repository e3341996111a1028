/** The live board of the quickstart: what arrived, how far it is, what is wrong, how fast it goes. */
import type { Stats } from '../../runtime/operations.ts'

export interface Board {
  draw(stats: Stats, generated: number): void
  end(): void
}

/** Redrawn in place on a terminal; elsewhere one line whenever something changed. */
export function createBoard(out: NodeJS.WriteStream): Board {
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
    draw(stats, generated) {
      const perSecond = rate(stats.confirmed)
      const error = stats.connections.map((c) => c.lastError).find((e) => e !== null)
      if (!out.isTTY) {
        const line = `received ${stats.received}  normalised ${stats.normalized}  planned ${planned(stats)}  confirmed ${stats.confirmed}  parked ${stats.parked}`
        if (line !== last) out.write(`${line}  ${perSecond.toFixed(0)}/s\n`)
        last = line
        return
      }
      const lines = [
        `  generated   ${number(generated)}`,
        `  received    ${number(stats.received)}   ${bar(stats.received, generated)}`,
        `  normalised  ${number(stats.normalized)}   ${bar(stats.normalized, generated)}`,
        `  planned     ${number(planned(stats))}   ${bar(planned(stats), generated)}`,
        `  confirmed   ${number(stats.confirmed)}   ${bar(stats.confirmed, generated)}`,
        `  parked      ${number(stats.parked)}`,
        `  last error  ${error ? `${error.code}: ${error.message.replace(/\s+/g, ' ').slice(0, 70)}` : '-'}`,
        `  rate        ${perSecond.toFixed(0)} orders/s`,
      ]
      if (drawn) out.write(`\u001b[${drawn}A`)
      out.write(lines.map((l) => `\u001b[2K${l}\n`).join(''))
      drawn = lines.length
    },
    end() {
      drawn = 0
    },
  }
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
