#!/usr/bin/env node
/** The program `tributary`: one file per command, this one puts them together and turns failures into exit codes. */
import { Command, CommanderError } from 'commander'
import { TributaryError } from '../core/errors/error.ts'
import { configProblems } from '../runtime/config-problems.ts'
import { loggedError } from '../runtime/log-redact.ts'
import { version } from '../runtime/version.ts'
import { backup } from './backup.ts'
import { check } from './check.ts'
import { type Cli, createCli, EXIT } from './context.ts'
import { doctor } from './doctor.ts'
import { localize, usageText } from './help.ts'
import { init } from './init.ts'
import { migrate } from './migrate.ts'
import { orders } from './orders.ts'
import { parked } from './parked.ts'
import { pause, resume } from './pause.ts'
import { push } from './push.ts'
import { replay } from './replay.ts'
import { restore } from './restore.ts'
import { sandbox } from './sandbox.ts'
import { serve, work } from './serve.ts'
import { start } from './start.ts'
import { token } from './token.ts'

const COMMANDS = [
  init,
  check,
  start,
  serve,
  work,
  orders,
  push,
  parked,
  replay,
  pause,
  resume,
  doctor,
  token,
  migrate,
  backup,
  restore,
  sandbox,
]

async function main(): Promise<void> {
  const program = new Command('tributary')
  const cli = createCli(program, process.env)
  const { say } = cli
  program
    .description(say('tributary'))
    .version(version(), '-V, --version', say('option.version'))
    .option('-c, --config <file>', say('option.config'))
    .option('--data <folder>', say('option.data'))
    .option('--json', say('option.json'))
  for (const command of COMMANDS) command(cli)
  localize(cli)
  try {
    await program.parseAsync(process.argv)
  } catch (error) {
    fail(cli, error)
  }
}

function fail(cli: Cli, error: unknown): void {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return
    // Help that was printed because a subcommand is missing has said everything.
    if (error.code !== 'commander.help') process.stderr.write(`${usageText(cli, error)}\n`)
    cli.exit(EXIT.usage)
    return
  }
  const problems = error instanceof TributaryError ? configProblems(error) : []
  if (cli.json()) {
    const shown =
      error instanceof TributaryError ? problems.map((p) => ({ ...told(cli, p) })) : [loggedError(error)]
    process.stderr.write(`${JSON.stringify({ errors: shown })}\n`)
  } else if (problems.length > 0) {
    for (const p of problems)
      process.stderr.write(`${p.code}: ${p.say(cli.language)}\n  → ${p.fix(cli.language)}\n`)
  } else {
    const { message, stack } = loggedError(error)
    process.stderr.write(`${cli.say('failed', { message })}\n${stack ?? ''}\n`)
  }
  cli.exit(codeOf(error))
}

const told = (cli: Cli, p: TributaryError) => ({
  code: p.code,
  kind: p.kind,
  message: p.say(cli.language),
  fix: p.fix(cli.language),
  ...(p.detail.line === undefined
    ? {}
    : { file: p.detail.file, line: p.detail.line, column: p.detail.column }),
})

function codeOf(error: unknown): number {
  if (!(error instanceof TributaryError)) return EXIT.failed
  if (error.code === 'RUNTIME_REQUEST') return EXIT.usage
  return error.kind === 'config' ? EXIT.config : EXIT.failed
}

await main()
