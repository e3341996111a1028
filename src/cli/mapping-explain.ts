/** `tributary mapping explain`: where each value of a mapped record comes from. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { runtimeError } from '../core/errors/runtime.ts'
import type { ExplainedField } from '../mapping/explain-record.ts'
import { type Cli, EXIT } from './context.ts'
import { contextFor, type InputOptions, readInput, withInput } from './mapping-input.ts'
import { clean } from './table.ts'

interface Options extends InputOptions {
  field?: string
}

export function mappingExplain(cli: Cli, group: Command): Command {
  const command = group
    .command('explain')
    .description(cli.say('mapping.explain'))
    .argument('<file>', cli.say('argument.mapping'))
  return withInput(cli, command)
    .option('--field <path>', cli.say('option.field'))
    .action((file: string, options: Options) => run(cli, file, options))
}

async function run(cli: Cli, file: string, options: Options): Promise<void> {
  if (options.input === undefined) {
    throw runtimeError('RUNTIME_REQUEST', { field: '--input', reason: cli.say('option.input') })
  }
  const { explainMapping } = await import('../mapping/explain-record.ts')
  const { readMapping } = await import('../mapping/read.ts')
  const { tryOut } = await import('../mapping/try-out.ts')
  const read = await readMapping(resolve(file))
  const context = await contextFor(cli, options.connection)
  const input = await readInput(options.input)
  const { result, problem } = await tryOut(read, input, context)
  const explained = explainMapping(read, input, context)
  const { field } = options
  const fields = explained.fields.filter((f) => field === undefined || f.field.startsWith(field))
  const { id, version, from, to } = read
  const failed = problem && {
    code: problem.code,
    message: problem.say(cli.language),
    fix: problem.fix(cli.language),
  }
  cli.show(
    { mapping: id, file: read.file, version, from, to, result: result ?? null, problem: failed, fields },
    () =>
      [
        `${id}: ${from} → ${to} (${version})`,
        ...fields.map((f) => fieldText(cli, f)),
        problem ? `✗ ${clean(failed!.message)}\n  → ${clean(failed!.fix)}` : `✓ ${cli.say('mapping.right')}`,
      ].join('\n'),
  )
  if (problem) cli.exit(EXIT.failed)
}

function fieldText({ say }: Cli, f: ExplainedField): string {
  const value = f.failed ? `✗ ${say('mapping.failed')}` : shown(f.value)
  const lines = [`${f.field}: ${value}`, `    ${cut(f.expression.replace(/\s+/g, ' ').trim(), 160)}`]
  if (f.sources.length > 0) lines.push(`    ← ${f.sources.join(', ')}`)
  for (const [name, sources] of Object.entries(f.variables))
    lines.push(`    ← $${name}: ${sources.join(', ')}`)
  if (f.missing.length > 0) lines.push(`    ${say('mapping.missing')}: ${f.missing.join(', ')}`)
  return lines.map(clean).join('\n')
}

const shown = (value: unknown) => (value === undefined ? '—' : cut(JSON.stringify(value), 120))
const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most)}…` : text)
