/** `tributary connector new <id>`: questions on a terminal, options otherwise, or what an OpenAPI file tells. */
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import type { Answers } from '../conformance/new-answers.ts'
import type { Cli } from './context.ts'

type Options = Partial<Answers> & { openapi?: string }

const ASKED = ['title', 'base', 'auth', 'list', 'each', 'since', 'until'] as const

export function connectorNew(cli: Cli, group: Command): Command {
  const { say } = cli
  const command = group
    .command('new')
    .description(say('connector.new'))
    .argument('<id>', say('argument.connector-id'))
  for (const name of ASKED) command.option(`--${name} <text>`, say(`option.connector-${name}`))
  return command
    .option('--openapi <file>', say('option.connector-openapi'))
    .action((id: string, options: Options) => run(cli, id, options))
}

async function run(cli: Cli, id: string, { openapi, ...given }: Options): Promise<void> {
  const { answersFrom, fromOpenapi } = await import('../conformance/new-answers.ts')
  const { writeConnector } = await import('../conformance/new-connector.ts')
  const told: Partial<Answers> = { ...(openapi ? await fromOpenapi(openapi) : {}), ...given }
  const answers = answersFrom(id, process.stdin.isTTY && !cli.json() ? await ask(cli, told) : told)
  const root = dirname(cli.configFile().path)
  const files = await writeConnector(root, answers)
  const folder = join(root, 'connectors', id)
  cli.show({ folder, files }, () => cli.say('connector.written', { folder, count: files.length }))
}

/** What is not known yet; an empty answer leaves the usual. */
async function ask(cli: Cli, known: Partial<Answers>): Promise<Partial<Answers>> {
  const { USUAL } = await import('../conformance/new-answers.ts')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const answers = { ...known }
  try {
    for (const name of ASKED) {
      if (answers[name] !== undefined) continue
      const text = (await lines.question(`${cli.say(`connector.ask.${name}`)} [${USUAL[name]}]: `)).trim()
      if (text !== '') answers[name] = text
    }
  } finally {
    lines.close()
  }
  return answers
}
