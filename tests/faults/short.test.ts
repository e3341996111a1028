/** Two short fault runs for every `npm test`; the full ones are `npm run faults`. */
import { describe, expect, it } from 'vitest'
import { postgresMissing, redisMissing } from '../support/services.ts'
import { runFaults } from './harness.ts'
import { shortRun } from './runs.ts'

async function passes(options: ReturnType<typeof shortRun>): Promise<void> {
  console.log(`figure: fault run ${options.erp} on ${options.storage}: seed ${options.seed}`)
  const { problems, orders, crashes } = await runFaults(options)
  expect(problems).toEqual([])
  expect(orders).toBe(options.orders)
  expect(crashes).toHaveLength(options.crashes as number)
}

describe('killed, cut off and lied to, nothing is lost or doubled', () => {
  it('an ERP that protects nothing, embedded', () => passes(shortRun('embedded', 'naive')), 400_000)

  it.skipIf(postgresMissing() ?? redisMissing())(
    'NC with all-or-none documents, PostgreSQL and Redis',
    () => passes(shortRun('postgres-redis', 'nc-all-or-none')),
    400_000,
  )
})
