import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSabotage, SABOTAGES } from '../../src/core/sabotage.ts'

const MODULE = JSON.stringify(join(import.meta.dirname, '../../src/core/crash-point.ts'))

/** Runs a line of code in a process of its own. */
function run(code: string, env: Record<string, string>) {
  const script = `import { crashOnRecord, crashPoint } from ${MODULE}; ${code}; console.log('alive')`
  const { TRIBUTARY_CRASH_AT: _, TRIBUTARY_CRASH_ON_RECORD: __, ...rest } = process.env
  const { signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...rest, ...env },
    encoding: 'utf8',
  })
  return { signal, alive: stdout.includes('alive'), why: stderr.trim().split('\n').at(-1) }
}

const TWICE = "crashPoint('plan.committed'); crashPoint('plan.claimed'); crashPoint('plan.committed')"

describe('crash points', () => {
  it.each([
    ['the first pass', 'plan.committed', null],
    ['the second pass', 'plan.committed:2', null],
  ])('die at %s', (_, at) => {
    expect(run(TWICE, { TRIBUTARY_CRASH_AT: at })).toEqual({
      signal: 'SIGKILL',
      alive: false,
      why: 'crash point plan.committed',
    })
  })

  it.each(['plan.committed:3', 'deliver.sent', ''])('let live when %s is armed', (at) => {
    expect(run(TWICE, { TRIBUTARY_CRASH_AT: at })).toMatchObject({ signal: null, alive: true })
  })

  it('a deadly record kills, another does not', () => {
    const map = (id: string) =>
      run(`crashOnRecord(Buffer.from('{"id":${id}}'))`, { TRIBUTARY_CRASH_ON_RECORD: '7000000000042' })
    expect(map('7000000000042')).toEqual({ signal: 'SIGKILL', alive: false, why: 'deadly record' })
    expect(map('7000000000043')).toMatchObject({ signal: null, alive: true })
  })
})

describe('sabotage', () => {
  it('is refused outside the fault tests', () => {
    expect(() => readSabotage({ TRIBUTARY_SABOTAGE: 'find-off' })).toThrow(/fault tests only/)
  })

  it('knows its names', () => {
    const inTests = { TRIBUTARY_FAULT_TESTS: '1' }
    expect(SABOTAGES.map((name) => readSabotage({ ...inTests, TRIBUTARY_SABOTAGE: name }))).toEqual([
      ...SABOTAGES,
    ])
    expect(readSabotage(inTests)).toBeNull()
    expect(() => readSabotage({ ...inTests, TRIBUTARY_SABOTAGE: 'other' })).toThrow(/knows/)
  })
})
