/**
 * `npm run faults`: the full fault runs one after the other, then the negative controls, with a table at the
 * end. Exit code 1 when a run found a fault or a control found none.
 *
 *   npm run faults                          all of them
 *   npm run faults -- --smoke               all of them, short
 *   npm run faults -- --only naive          those of this name, or whose name holds the text; may come several times
 *   TRIBUTARY_FAULT_SEED, TRIBUTARY_FAULT_ORDERS change seed and size
 */
import { parseArgs } from 'node:util'
import { postgresMissing, redisMissing } from '../support/machine.ts'
import { CONTROLS } from './controls.ts'
import { type Report, type RunOptions, runFaults } from './harness.ts'
import { allRuns } from './runs.ts'

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    quiet: { type: 'boolean' },
  },
})

const runs = allRuns(values.smoke !== true)
const names = [...runs.keys(), ...Object.keys(CONTROLS).map((name) => `control ${name}`)]

function asked(name: string): boolean {
  if (!values.only) return true
  return values.only.some((text) => (names.includes(text) ? name === text : name.includes(text)))
}

function missing({ storage }: RunOptions): string | null {
  if (storage === 'embedded') return null
  return postgresMissing() ?? (storage === 'postgres-redis' ? redisMissing() : null)
}

async function one(name: string, options: RunOptions): Promise<Report> {
  const began = performance.now()
  const at = () => `${((performance.now() - began) / 1000).toFixed(1)} s`.padStart(9)
  console.log(`\n${name}: ${options.orders} orders, seed ${options.seed}`)
  const report = await runFaults({
    ...options,
    say: (line) => values.quiet || console.log(`${at()}  ${line}`),
  })
  for (const problem of report.problems) console.log(`  FAULT ${problem}`)
  return report
}

function row(name: string, r: Report): string {
  const verdict = r.problems.length === 0 ? 'ok   ' : 'FAULT'
  return (
    `${verdict} ${name.padEnd(32)} ${String(r.seconds).padStart(5)} s  ${r.orders} orders, ${r.documents} documents, ` +
    `${r.behind} behind with a task, ${r.kills} kills, ${r.crashes.length} crash points, ${r.deaths} deaths by record`
  )
}

// what was started ends with us (tests/support/child.ts, product.ts)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const rows: string[] = []
let faults = 0
for (const [name, options] of runs) {
  if (!asked(name)) continue
  const why = missing(options)
  if (why) {
    console.log(`skipped: ${name}: ${why}`)
    continue
  }
  const report = await one(name, options)
  if (report.problems.length > 0) faults += 1
  rows.push(row(name, report))
}
for (const [name, { options, damage }] of Object.entries(CONTROLS)) {
  if (!asked(`control ${name}`)) continue
  console.log(`\ncontrol ${name}: the run must find the damage`)
  const report = await runFaults(options)
  const found = report.problems.some((problem) => damage.test(problem))
  if (!found) faults += 1
  rows.push(
    `${found ? 'ok   ' : 'FAULT'} control ${name.padEnd(24)} ${String(report.seconds).padStart(5)} s  ${report.problems.length} problems found`,
  )
}
console.log(`\n${rows.join('\n')}`)
process.exitCode = faults > 0 || rows.length === 0 ? 1 : 0
