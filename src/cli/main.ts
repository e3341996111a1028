#!/usr/bin/env -S node --max-semi-space-size=4
/** The program `tributary`: runs it, and turns failures into words and exit codes. */
import { CommanderError } from 'commander'
import { TributaryError } from '../core/errors/error.ts'
import { configProblems } from '../runtime/config-problems.ts'
import { loggedError } from '../runtime/log-redact.ts'
import { type Cli, EXIT } from './context.ts'
import { usageText } from './help.ts'
import { createProgram } from './program.ts'

async function main(): Promise<void> {
  const cli = createProgram(process.env)
  // Node's own last words print the whole error object, payload and all. What was acknowledged is in the ledger.
  const lastWords = (error: unknown) => {
    fail(cli, error)
    process.exit(Math.max(EXIT.failed, Number(process.exitCode ?? 0)))
  }
  process.on('uncaughtException', lastWords)
  process.on('unhandledRejection', lastWords)
  try {
    await cli.program.parseAsync(process.argv)
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
    : { file: p.detail.file, line: p.detail.line, column: wordsOf(cli, p.detail.column) }),
})

const wordsOf = (cli: Cli, value: TributaryError['detail'][string]) =>
  value !== null && typeof value === 'object' ? value[cli.language] : value

function codeOf(error: unknown): number {
  if (!(error instanceof TributaryError)) return EXIT.failed
  if (error.code === 'RUNTIME_REQUEST') return EXIT.usage
  return error.kind === 'config' ? EXIT.config : EXIT.failed
}

await main()
