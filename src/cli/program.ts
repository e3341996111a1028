/** All commands in one program. `main.ts` runs it; the reference page is made from it. */
import { Command } from 'commander'
import { version } from '../runtime/version.ts'
import { alerts } from './alerts.ts'
import { apply, rollback } from './apply.ts'
import { backfill } from './backfill.ts'
import { backup } from './backup.ts'
import { check } from './check.ts'
import { codes } from './codes.ts'
import { completeness } from './completeness.ts'
import { configuration } from './configuration.ts'
import { connector } from './connector.ts'
import { type Cli, createCli } from './context.ts'
import { doctor } from './doctor.ts'
import { documents } from './documents.ts'
import { localize } from './help.ts'
import { init } from './init.ts'
import { mapping } from './mapping.ts'
import { migrate } from './migrate.ts'
import { orders } from './orders.ts'
import { parked } from './parked.ts'
import { pause, resume } from './pause.ts'
import { push } from './push.ts'
import { records } from './records.ts'
import { replay } from './replay.ts'
import { restore } from './restore.ts'
import { sandbox } from './sandbox.ts'
import { serve, work } from './serve.ts'
import { start } from './start.ts'
import { token } from './token.ts'

const COMMANDS = [
  init,
  check,
  apply,
  rollback,
  configuration,
  start,
  serve,
  work,
  orders,
  push,
  parked,
  codes,
  records,
  documents,
  mapping,
  connector,
  replay,
  backfill,
  completeness,
  pause,
  resume,
  alerts,
  doctor,
  token,
  migrate,
  backup,
  restore,
  sandbox,
]

/** The program with its context; nothing is read or run yet. `env` decides the language. */
export function createProgram(env: Record<string, string | undefined>): Cli {
  const program = new Command('tributary')
  const cli = createCli(program, env)
  const { say } = cli
  program
    .description(say('tributary'))
    .version(version(), '-V, --version', say('option.version'))
    .option('-c, --config <file>', say('option.config'))
    .option('--data <folder>', say('option.data'))
    .option('--json', say('option.json'))
  for (const command of COMMANDS) command(cli)
  localize(cli)
  return cli
}
