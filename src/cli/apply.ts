/** `tributary apply` and `tributary rollback`: show what would change, ask, activate, and say who has taken it over. */
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { configurationError } from '../core/errors/configuration.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import type { BrokenConfig, Config, OwnConfig } from '../runtime/config.ts'
import type { ConfigurationChange, Target } from '../runtime/configuration-change.ts'
import type { Follow } from '../runtime/configuration-wait.ts'
import { createLog } from '../runtime/log.ts'
import type { Operations } from '../runtime/operations.ts'
import type { ActivationSummary } from '../runtime/operations-configuration-types.ts'
import { version } from '../runtime/version.ts'
import { differenceText, followText, isComplete } from './apply-text.ts'
import { actor, type Cli, EXIT } from './context.ts'
import { withOperations } from './open.ts'

interface Options {
  dryRun?: boolean
  yes?: boolean
  why?: string
}

export function apply(cli: Cli): Command {
  const command = cli.program.command('apply').description(cli.say('apply'))
  return withChoices(cli, command).action((options: Options) => runApply(cli, options))
}

export function rollback(cli: Cli): Command {
  const command = cli.program
    .command('rollback')
    .description(cli.say('rollback'))
    .argument('[activation]', cli.say('argument.activation'))
  return withChoices(cli, command).action((id: string | undefined, options: Options) =>
    runRollback(cli, id, options),
  )
}

function withChoices({ say }: Cli, command: Command): Command {
  return command
    .option('--dry-run', say('option.dry-run'))
    .option('--yes', say('option.yes'))
    .option('--why <text>', say('option.why'))
}

async function runApply(cli: Cli, options: Options): Promise<void> {
  const config = cli.config()
  const { captureConfiguration } = await import('../runtime/configuration-files.ts')
  const captured = await captureConfiguration(config, version())
  await withOperations(cli, (operations) => change(cli, config, operations, { captured }, options))
}

async function runRollback(cli: Cli, id: string | undefined, options: Options): Promise<void> {
  const config = cli.ownConfig()
  const work = async (operations: Operations) => {
    const earlier = await operations.configurationShow({ id: id ?? (await earlierOne(operations)) })
    await change(cli, config, operations, { earlier }, options)
    if (!cli.json() && !options.dryRun) await sayFile(cli, config, earlier)
  }
  await withOperations(cli, work, config)
}

/** The newest activation of another configuration than the active one. Throws CONFIGURATION_NONE. */
async function earlierOne(operations: Operations): Promise<string> {
  const { active } = await operations.configurationState({})
  for (let after: string | undefined; ; ) {
    const page = await operations.configurationList({ limit: 500, ...(after ? { after } : {}) })
    const found = page.items.find((a) => a.configuration !== active?.configuration)
    if (found) return found.id
    if (page.next === null) throw configurationError('CONFIGURATION_NONE')
    after = page.next
  }
}

interface Answer extends Omit<ConfigurationChange, 'request'> {
  /** Null: it was only looked at. */
  activated: ActivationSummary | null
  processes: Follow[]
  /** Every process that lives runs by it. */
  complete: boolean
}

async function change(
  cli: Cli,
  own: OwnConfig,
  operations: Operations,
  target: Target,
  options: Options,
): Promise<void> {
  const { prepareChange } = await import('../runtime/configuration-change.ts')
  const log = createLog({ level: 'error' })
  const { request, ...shown } = await prepareChange(target, { own, env: cli.env, operations, log })
  const answer: Answer = { ...shown, activated: null, processes: [], complete: false }
  const differs = shown.differences.length > 0 || shown.active === null
  if (!differs && shown.marked.length === 0) return cli.show(answer, () => cli.say('apply.nothing'))
  if (options.dryRun) {
    cli.show(answer, () => differenceText(cli, { ...shown, request }))
    if (differs) cli.exit(EXIT.found)
    return
  }
  cli.remark(differenceText(cli, { ...shown, request }))
  if (!(await isConfirmed(cli, options))) {
    cli.remark(cli.say('apply.left'))
    return cli.exit(EXIT.failed)
  }
  const activated = await operations.configurationActivate({ ...request, ...actor(options.why) })
  const { waitForProcesses } = await import('../runtime/configuration-wait.ts')
  const processes = await waitForProcesses(operations, activated.id)
  const complete = isComplete(processes)
  cli.show({ ...answer, activated, processes, complete }, () =>
    [cli.say('apply.done', { id: activated.id }), ...followText(cli, processes)].join('\n'),
  )
  if (!complete) cli.exit(EXIT.failed)
}

/** Throws RUNTIME_REQUEST where nobody can be asked. */
async function isConfirmed(cli: Cli, { yes }: Options): Promise<boolean> {
  if (yes) return true
  if (cli.json() || !process.stdin.isTTY) {
    throw runtimeError('RUNTIME_REQUEST', {
      field: '--yes',
      reason: 'there is nobody to ask: state it, or --dry-run',
    })
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^(y|yes|是)$/i.test((await terminal.question(cli.say('apply.ask'))).trim())
  } finally {
    terminal.close()
  }
}

/** After a rollback the files on the disk are usually the newer ones: the next apply would bring them back. */
async function sayFile(
  cli: Cli,
  config: Config | BrokenConfig,
  { id, hash }: ActivationSummary,
): Promise<void> {
  const { captureConfiguration, MAIN_FILE } = await import('../runtime/configuration-files.ts')
  if (!('broken' in config) && (await captureConfiguration(config, version())).hash === hash) return
  cli.remark(cli.say('apply.not-file', { id, file: MAIN_FILE }))
}
