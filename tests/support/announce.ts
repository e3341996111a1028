/** Runs once before all tests: one line per group that this machine cannot run, with how to enable it. */
import { chromiumMissing, postgresMissing, realMissing, redisMissing } from './machine.ts'

export default function announce(): void {
  for (const missing of [postgresMissing(), redisMissing(), chromiumMissing(), realMissing()]) {
    if (missing) console.log(`skipped: ${missing}`)
  }
}
