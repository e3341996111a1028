/** `tributary connector list`: what each connector carries, as its coverage.yaml says. */
import type { Command } from 'commander'
import { type Carried, readCoverage } from '../connector/coverage.ts'
import type { Cli } from './context.ts'
import { table } from './table.ts'

interface Told {
  connector: string
  role: string | null
  carried: Carried[]
}

export function connectorList(cli: Cli, group: Command): Command {
  return group
    .command('list')
    .description(cli.say('connector.list'))
    .argument('[connector]', cli.say('argument.connector-listed'))
    .action((connector: string | undefined) => run(cli, connector))
}

/** Bundled ones, and those of the project where there is one. */
async function run(cli: Cli, wanted: string | undefined): Promise<void> {
  const { connectorFolder } = await import('../connector/load.ts')
  const { connectorFolders } = await import('../runtime/project.ts')
  const found = await connectorFolders({ file: cli.configFile().path, stored: null })
  if (wanted !== undefined) connectorFolder(wanted, found)
  const told: Told[] = []
  for (const [connector, folder] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (wanted !== undefined && connector !== wanted) continue
    const coverage = await readCoverage(folder)
    told.push({ connector, role: coverage?.role ?? null, carried: coverage?.carried ?? [] })
  }
  cli.show({ connectors: told }, () => text(cli, told))
}

function text({ say }: Cli, told: Told[]): string {
  const titles = ['connector', 'operation', 'state', 'proof', 'note'] as const
  const rows = told.flatMap(({ connector, carried }) =>
    carried.map(({ operation, state, proof, unverified, why }) => [
      connector,
      operation,
      say(`connector.carried.${state}`),
      proof.map((one) => say(`connector.proven.${one}`)).join(', '),
      unverified === null ? (why ?? '') : say('connector.unverified', { what: unverified }),
    ]),
  )
  const unsaid = told.filter((t) => t.role === null)
  return [
    table(
      titles.map((name) => say(`connector.column.${name}`)),
      rows,
    ),
    ...unsaid.map(({ connector }) => say('connector.carried.unsaid', { connector })),
  ].join('\n')
}
