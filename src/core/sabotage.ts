/**
 * Switches that break a rule on purpose: the fault tests turn each on once and must then fail, which shows
 * that they would notice. Nothing can turn one on by accident: `TRIBUTARY_SABOTAGE` is refused unless
 * `TRIBUTARY_FAULT_TESTS=1` stands beside it.
 */
export const SABOTAGES = ['find-off', 'early-answer', 'settle-zero', 'lease-ignored'] as const

export type Sabotage = (typeof SABOTAGES)[number]

/** Reads the switch from an environment. Throws when it is unknown, or set outside the fault tests. */
export function readSabotage(env: Record<string, string | undefined>): Sabotage | null {
  const name = env.TRIBUTARY_SABOTAGE
  if (!name) return null
  if (env.TRIBUTARY_FAULT_TESTS !== '1')
    throw new Error('TRIBUTARY_SABOTAGE is for the fault tests only: unset it')
  const known = SABOTAGES.find((s) => s === name)
  if (!known) throw new Error(`TRIBUTARY_SABOTAGE knows ${SABOTAGES.join(', ')}`)
  return known
}

const active = readSabotage(process.env)

/** True in a process of the fault tests that was started with this rule broken. Costs one comparison. */
export function sabotaged(name: Sabotage): boolean {
  return active === name
}
