/** `tributary mapping new`: a first mapping from a sample, and its test file. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { TributaryError } from '../core/errors/error.ts'
import { mappingLintError } from '../core/errors/mapping-lint.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import { DOCUMENT_KINDS } from '../core/states.ts'
import { type Cli, readWord } from './context.ts'
import { isXml, readInput } from './mapping-input.ts'

interface Options {
  sample?: string
  to: string
}

export function mappingNew(cli: Cli, group: Command): Command {
  const { say } = cli
  return group
    .command('new')
    .description(say('mapping.new'))
    .argument('<name>', say('argument.mapping-name'))
    .option('--sample <file>', say('option.sample'))
    .option('--to <document>', say('option.document', { kinds: DOCUMENT_KINDS.join(', ') }), 'order')
    .action((name: string, options: Options) => run(cli, name, options))
}

/** A connector's folder and a file of it; no other place is written to. */
const NAME = /^([a-z0-9][a-z0-9-]*)\/([a-z0-9][a-z0-9-]*)\.in$/

async function run(cli: Cli, name: string, options: Options): Promise<void> {
  const { mappingSkeleton } = await import('../mapping/skeleton.ts')
  const [, connector, shape] = NAME.exec(name) ?? []
  if (!connector)
    throw runtimeError('RUNTIME_REQUEST', { field: 'name', reason: cli.say('argument.mapping-name') })
  const { sample: file } = options
  if (file === undefined || file === '-')
    throw runtimeError('RUNTIME_REQUEST', { field: '--sample', reason: cli.say('option.sample') })
  const to = readWord('to', options.to, DOCUMENT_KINDS)!
  const sample = await readInput(file)
  if (typeof sample !== 'object' || sample === null || Array.isArray(sample)) {
    throw mappingLintError('MAPPING_INPUT', { file, reason: cli.say('mapping.one-record') })
  }
  const folder = join(dirname(cli.configFile().path), 'mappings', connector)
  const mapping = join(folder, `${shape}.in.yaml`)
  const test = join(folder, `${shape}.in.test.yaml`)
  for (const own of [mapping, test])
    if (existsSync(own)) throw mappingLintError('MAPPING_EXISTS', { file: own })
  mkdirSync(folder, { recursive: true })
  const sampleName = basename(file)
  const text = mappingSkeleton({ to, from: `${connector}/${shape}`, sample, sampleName })
  // Exclusive: a file that came to be in the meantime is somebody's.
  writeFileSync(mapping, text, { flag: 'wx' })
  const sampleFile = relative(folder, resolve(file)).replaceAll('\\', '/')
  // Test files read JSON; what came as XML is written into the case.
  const input = isXml(readFileSync(file)) ? { input: sample } : { inputFile: sampleFile }
  writeFileSync(test, await testText(mapping, input, sample), { flag: 'wx' })
  const count = (word: string) => text.split('\n').filter((l) => l.includes(` # ${word}`)).length
  const counts = { guessed: count('guess'), fixed: count('fixed'), missing: count('missing') }
  cli.show({ mapping, test, ...counts }, () => cli.say('mapping.written', { mapping, test, ...counts }))
  cli.remark(cli.say('mapping.personal', { file: sampleFile }))
}

/** A case that holds what the mapping makes of the sample now. */
async function testText(mapping: string, input: object, sample: unknown): Promise<string> {
  const { stringify } = await import('yaml')
  const { found, problem } = await tried(mapping, sample)
  const head = [
    `# Cases of ${basename(mapping)}; "tributary mapping check" runs them. What is expected here is what the guesses`,
    '# made of the sample: correct it to what must come out.',
    ...(problem === null ? [] : [`# The sample does not go through yet: ${problem}`]),
  ]
  const cases = [{ name: 'the sample', ...input, expectPart: found }]
  return `${head.join('\n')}\n${stringify({ cases }, { lineWidth: 110 })}`
}

async function tried(mapping: string, sample: unknown): Promise<{ found: unknown; problem: string | null }> {
  const { CONTEXT } = await import('../mapping/check.ts')
  const { loadMapping } = await import('../mapping/load.ts')
  try {
    const made = await (await loadMapping(mapping)).map(sample, CONTEXT)
    return { found: JSON.parse(JSON.stringify(made)), problem: null }
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error
    return { found: {}, problem: error.message.replace(/\s+/g, ' ') }
  }
}
