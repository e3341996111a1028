/** What `apply` and `rollback` show: the difference, and who has taken it over. */
import type { ConfigurationChange } from '../runtime/configuration-change.ts'
import type { Difference } from '../runtime/configuration-difference.ts'
import type { Follow } from '../runtime/configuration-wait.ts'
import type { Cli } from './context.ts'
import { clean, instant } from './table.ts'

const SIGN = { added: '+', removed: '-', changed: '~' } as const

/** The difference in words. */
export function differenceText(cli: Cli, { active, differences, marked }: ConfigurationChange): string {
  const { say } = cli
  const head = active
    ? say('apply.differs', { by: clean(active.by), at: instant(active.at) })
    : say('apply.first')
  const lines =
    differences.length === 0 && active && marked.length > 0
      ? [say('apply.again')]
      : [head, ...differences.flatMap((d) => partText(cli, d))]
  if (marked.length > 0) lines.push(say('apply.marked', { fields: marked.join(', ') }))
  return lines.join('\n')
}

function partText({ say, language }: Cli, { area, id, change, details, means }: Difference): string[] {
  return [
    `${SIGN[change]} ${say(`area.${area}`, { id })}`,
    ...details.map((d) => `    ${clean(d[language])}`),
    ...means.map((m) => `    → ${clean(m[language])}`),
  ]
}

/** One line per process. */
export function followText({ say, language }: Cli, follows: Follow[]): string[] {
  if (follows.length === 0) return [say('apply.none')]
  const lines = follows.map(({ process: p, taken }) => {
    const name = `${p.role} ${p.pid} (${clean(p.host)})`
    if (taken !== null) return say('apply.taken', { process: name, seconds: (taken / 1000).toFixed(1) })
    return p.problem
      ? `${say('apply.refused', { process: name, problem: p.problem.say[language] })}\n    → ${p.problem.fix[language]}`
      : say('apply.silent', { process: name })
  })
  return isComplete(follows) ? lines : [...lines, say('apply.incomplete')]
}

/** True when every process that lives runs by it. */
export function isComplete(follows: Follow[]): boolean {
  return follows.every((f) => f.taken !== null)
}
