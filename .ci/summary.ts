/**
 * Last line of a CI run: `N passed, N failed, N skipped`, summed from vitest's JSON report. Exits non-zero on
 * a failure and on a skip that .ci/allowed-skips does not list.
 *
 *   node .ci/summary.ts <report.json> <number of other steps that failed>
 *   node .ci/summary.ts <report.json> explain        only what failed and why, shortly
 */
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

interface Report {
  testResults: {
    name: string
    status: string
    message?: string
    assertionResults: { status: string; fullName: string; failureMessages?: string[] }[]
  }[]
}

export interface Summary {
  passed: number
  failed: number
  /** `tests/unit/x.test.ts › full name` */
  skipped: string[]
  /** What failed, and the beginning of its message. */
  failures: { what: string; why: string }[]
}

/** Lines of a message that say what is wrong; what follows is mostly the stack. */
const WHY = 14

/** Counts a vitest JSON report. A file that fails outside its tests (import, leak, hook) counts as one failure. */
export function summarize(report: Report, root: string): Summary {
  const summary: Summary = { passed: 0, failed: 0, skipped: [], failures: [] }
  for (const file of report.testResults) {
    const path = relative(root, file.name)
    let failedHere = 0
    for (const test of file.assertionResults) {
      if (test.status === 'passed') summary.passed++
      else if (test.status === 'failed') {
        failedHere++
        summary.failures.push({
          what: `${path} › ${test.fullName}`,
          why: test.failureMessages?.join('\n') ?? '',
        })
      } else summary.skipped.push(`${path} › ${test.fullName}`)
    }
    if (file.status === 'failed' && failedHere === 0) {
      failedHere = 1
      summary.failures.push({ what: path, why: file.message ?? '' })
    }
    summary.failed += failedHere
  }
  return summary
}

/** The skips that no line of the list allows. A line is the start of `path › name`; `#` begins a reason. */
export function unexpectedSkips(skipped: string[], allowed: string): string[] {
  const starts = allowed
    .split('\n')
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '')
  return skipped.filter((skip) => !starts.some((start) => skip.startsWith(start)))
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const [file, otherFailures = '0'] = process.argv.slice(2)
  const summary = summarize(JSON.parse(readFileSync(file!, 'utf8')) as Report, root)
  if (otherFailures === 'explain') {
    for (const { what, why } of summary.failures)
      console.log([what, ...why.split('\n').slice(0, WHY)].join('\n    '))
    process.exit(0)
  }
  // with the wire facts at hand nothing has a reason to be skipped
  const allowed = existsSync(join(root, '../shared'))
    ? ''
    : readFileSync(join(import.meta.dirname, 'allowed-skips'), 'utf8')
  const unexpected = unexpectedSkips(summary.skipped, allowed)
  for (const { what, why } of summary.failures) console.log(`failed: ${what}: ${why.split('\n')[0]}`)
  for (const skip of unexpected) console.log(`skipped and not listed in .ci/allowed-skips: ${skip}`)
  const failed = summary.failed + Number(otherFailures)
  console.log(`${summary.passed} passed, ${failed} failed, ${summary.skipped.length} skipped`)
  process.exit(failed > 0 || unexpected.length > 0 || summary.passed === 0 ? 1 : 0)
}
