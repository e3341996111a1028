/** One negative control for every `npm test`; all of them are part of `npm run faults`. */
import { expect, it } from 'vitest'
import { CONTROLS } from './controls.ts'
import { runFaults } from './harness.ts'

it('a run finds what is lost when webhooks are answered before they are committed', async () => {
  const { options, damage } = CONTROLS['early-answer']
  const { problems } = await runFaults(options)
  expect(problems.join('\n')).toMatch(damage)
}, 200_000)
