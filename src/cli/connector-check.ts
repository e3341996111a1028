/** `tributary connector check <folder>`: one line per check; exit code 4 when something failed. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Finding } from '../conformance/finding.ts'
import { type Cli, EXIT } from './context.ts'
import { clean } from './table.ts'

export function connectorCheck(cli: Cli, group: Command): Command {
  return group
    .command('check')
    .description(cli.say('connector.check'))
    .argument('<folder>', cli.say('argument.connector-folder'))
    .action((folder: string) => run(cli, folder))
}

async function run(cli: Cli, folder: string): Promise<void> {
  // nock among others: no other command pays for it
  const { runKit } = await import('../conformance/kit.ts')
  const report = await runKit(resolve(folder))
  const { counts } = report
  const told = report.findings.map((f) => ({ ...f, ...(f.state === 'failed' ? { fix: fixOf(cli, f) } : {}) }))
  cli.show({ ...report, findings: told }, () =>
    [
      ...report.findings.map((f) => lineOf(cli, f)),
      cli.say('connector.counts', { connector: report.connector, ...counts, not: counts['not-applicable'] }),
    ].join('\n'),
  )
  if (!report.passed) cli.exit(EXIT.found)
}

const MARKS: Record<Finding['state'], string> = { ok: '✓', failed: '✗', 'not-applicable': '–', waived: '!' }

const fixOf = (cli: Cli, { check }: Finding): string => cli.say(`connector.fix.${check}`)

function lineOf(cli: Cli, finding: Finding): string {
  const { state, check, about, by } = finding
  const name = about === '' ? check : `${check} ${about}`
  const how = by ? ` (${cli.say(`connector.by.${by}`)})` : ''
  const line = `${MARKS[state]} ${name}: ${cli.say(`connector.state.${state}`)}${how}: ${clean(finding.say)}`
  return state === 'failed' ? `${line}\n    → ${fixOf(cli, finding)}` : line
}
