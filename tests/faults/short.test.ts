/** One short fault run for every `npm test`; the others and the full ones are `npm run faults`. */
import { expect, it } from 'vitest'
import { runFaults } from './harness.ts'
import { shortRun } from './runs.ts'

it('killed, cut off and lied to by an ERP that protects nothing, it loses and doubles nothing', async () => {
  const options = shortRun('embedded', 'naive')
  console.log(`figure: fault run ${options.erp} on ${options.storage}: seed ${options.seed}`)
  const { problems, orders, crashes } = await runFaults(options)
  expect(problems).toEqual([])
  expect(orders).toBe(options.orders)
  expect(crashes).toHaveLength(options.crashes as number)
}, 400_000)
