/** `tributary mapping eval`: one expression on one input, with the functions and variables of mappings. */
import type { Command } from 'commander'
import { TributaryError } from '../core/errors/error.ts'
import { mappingLintError } from '../core/errors/mapping-lint.ts'
import type { Expression } from '../expression/compile.ts'
import { ExpressionError } from '../expression/errors.ts'
import { type Cli, EXIT } from './context.ts'
import { contextFor, type InputOptions, readInput, withInput } from './mapping-input.ts'

export function mappingEval(cli: Cli, group: Command): Command {
  const command = group
    .command('eval')
    .description(cli.say('mapping.eval'))
    .argument('<expression>', cli.say('argument.expression'))
  return withInput(cli, command).action((text: string, options: InputOptions) => run(cli, text, options))
}

async function run(cli: Cli, text: string, options: InputOptions): Promise<void> {
  const { variablesOf } = await import('../mapping/variables.ts')
  const expression = await compiled(cli, text)
  const context = await contextFor(cli, options.connection)
  const input = options.input === undefined ? undefined : await readInput(options.input)
  const value = computed(() => expression(input, variablesOf(context)))
  const json = JSON.stringify(value, (_, v) => (typeof v === 'function' ? '(function)' : v))
  if (json === undefined) cli.remark(cli.say('mapping.nothing'))
  const shown: unknown = json === undefined ? null : JSON.parse(json)
  cli.show(shown, () => JSON.stringify(shown, null, 2))
}

/** An expression that cannot be read is a wrong call; one that fails on its input has failed. */
async function compiled(cli: Cli, text: string): Promise<Expression> {
  const { describeExpression } = await import('../expression/compile.ts')
  const { FUNCTIONS } = await import('../mapping/functions.ts')
  try {
    return describeExpression(text, { functions: FUNCTIONS }).run
  } catch (error) {
    cli.exit(EXIT.usage)
    throw failure(error)
  }
}

function computed(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    throw failure(error)
  }
}

function failure(error: unknown): unknown {
  if (error instanceof TributaryError) {
    const reason = { en: withoutPlace(error.say('en')), zh: withoutPlace(error.say('zh')) }
    return mappingLintError('MAPPING_EXPRESSION', { at: '', reason }, error)
  }
  if (!(error instanceof ExpressionError)) return error
  const { position, message } = error
  const at =
    position === undefined ? '' : { en: ` at character ${position}`, zh: `（第 ${position} 个字符处）` }
  return mappingLintError('MAPPING_EXPRESSION', { at, reason: message || error.code }, error)
}

/** Errors of mapping functions name a file and a field, which an expression alone does not have. */
const withoutPlace = (text: string) => text.replace(/^\?:\?[:：] ?\?[:：] ?| ?[(（]\?:\?[,，] ?\?[)）]/g, '')
