/** `tributary doctor`: looks at everything and says what to do. */
import type { Command } from 'commander'
import { type Cli, EXIT } from './context.ts'
import { withOperations } from './open.ts'

const MARK = { ok: '✓', warn: '!', fail: '✗' } as const

export function doctor(cli: Cli): Command {
  const { program, say, language } = cli
  return program
    .command('doctor')
    .description(say('doctor'))
    .action(async () => {
      const checks = await withOperations(cli, (o) => o.doctor({}))
      cli.show(checks, () =>
        checks
          .map((c) => {
            const line = `${MARK[c.level]} ${c.id}: ${c.say[language]}`
            return c.fix && c.level !== 'ok' ? `${line}\n    → ${c.fix[language]}` : line
          })
          .join('\n'),
      )
      if (checks.some((c) => c.level === 'fail')) cli.exit(EXIT.failed)
      else if (checks.some((c) => c.level === 'warn')) cli.exit(EXIT.found)
    })
}
