/** `tributary mapping diff`: what a changed mapping would do to what is in the ledger, before it is activated. */
import type { Command } from 'commander'
import { hasDifferences } from '../mapping/diff-report.ts'
import { createLog } from '../runtime/log.ts'
import type { MappingDiffAnswer } from '../runtime/mapping-diff.ts'
import { type Cli, EXIT, given, readCount, readSince } from './context.ts'
import { diffText } from './mapping-diff-text.ts'
import { withOperations } from './open.ts'

interface Options {
  last?: string
  records?: string
  for?: string
  connection?: string
  values?: boolean
}

/** Without `--last` and `--records`. */
const DEFAULT_LAST = '30d'

/** Progress is said this often. Milliseconds. */
const EVERY = 1000

export function mappingDiff(cli: Cli, group: Command): Command {
  const { say } = cli
  return group
    .command('diff')
    .description(say('mapping.diff'))
    .argument('<file>', say('argument.mapping'))
    .option('--last <duration>', say('option.last'))
    .option('--records <count>', say('option.newest'))
    .option('--connection <id>', say('option.connection'))
    .option('--for <use>', say('option.mapping-for'))
    .option('--values', say('option.values'))
    .action((file: string, options: Options) => run(cli, file, options))
}

async function run(cli: Cli, file: string, options: Options): Promise<void> {
  const records = readCount('records', options.records, [1, 1_000_000_000])
  const last = options.last ?? (records === undefined ? DEFAULT_LAST : undefined)
  const request = {
    file,
    values: options.values === true,
    ...given({ since: readSince('last', last), records, for: options.for, connection: options.connection }),
  }
  const config = cli.config()
  const { mappingDiff: compare } = await import('../runtime/mapping-diff.ts')
  const stop = stoppable()
  try {
    const answer = await withOperations(cli, (operations) =>
      compare(config, request, {
        operations,
        log: createLog({ level: 'error' }),
        progress: teller(cli, stop),
      }),
    )
    finish(cli, answer)
  } finally {
    stop.end()
  }
}

/** Says once a second how far it is and how fast it goes; opening connections does not count. */
function teller(cli: Cli, stop: { readonly asked: boolean }): (done: number, total: number) => boolean {
  let first: { at: number; done: number } | null = null
  let told = 0
  return (done, total) => {
    const now = performance.now()
    if (first === null) {
      first = { at: now, done }
      told = now
    } else if (now - told >= EVERY) {
      told = now
      const rate = Math.round(((done - first.done) * 1000) / (now - first.at))
      cli.remark(cli.say('mapping.progress', { done, total: Math.max(done, total), rate }))
    }
    return stop.asked
  }
}

/** The first Ctrl-C ends the run with what was found so far, the second ends the process. */
function stoppable(): { readonly asked: boolean; end(): void } {
  let asked = false
  const onSignal = () => {
    if (asked) process.exit(EXIT.failed)
    asked = true
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    get asked() {
      return asked
    },
    end() {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}

function finish(cli: Cli, answer: MappingDiffAnswer): void {
  cli.show(answer, () => diffText(cli, answer))
  if (!answer.complete) cli.remark(cli.say('mapping.stopped'))
  if (hasDifferences(answer)) cli.exit(EXIT.found)
  // what was not looked at may differ
  else if (!answer.complete) cli.exit(EXIT.failed)
}
