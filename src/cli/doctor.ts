/** `tributary doctor`: looks at everything and says what to do. */
import type { Command } from 'commander'
import type { DoctorCheck } from '../runtime/operations.ts'
import type { ConfigurationState } from '../runtime/operations-configuration-types.ts'
import { type Cli, EXIT } from './context.ts'
import { sayIn } from './language.ts'
import { withOperations } from './open.ts'

const MARK = { ok: '✓', warn: '!', fail: '✗' } as const

/** The file of whoever asks; what the processes were started with, they say themselves. */
async function fileCheck(cli: Cli, state: ConfigurationState): Promise<DoctorCheck[]> {
  const { hasUnapplied } = await import('../runtime/configuration-peek.ts')
  const config = cli.config()
  if (!(await hasUnapplied(config, state))) return []
  const both = (key: 'configuration.file-differs') => ({ en: sayIn('en')(key), zh: sayIn('zh')(key) })
  const say = both('configuration.file-differs')
  return [{ id: 'configuration:file', level: 'warn', say, fix: null }]
}

export function doctor(cli: Cli): Command {
  const { program, say, language } = cli
  return program
    .command('doctor')
    .description(say('doctor'))
    .action(async () => {
      const checks = await withOperations(cli, async (o) => [
        ...(await o.doctor({})),
        ...(await fileCheck(cli, await o.configurationState({}))),
      ])
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
