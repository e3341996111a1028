import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { summarize, unexpectedSkips } from '../../.ci/summary.ts'

const test = (status: string, fullName: string, ...failureMessages: string[]) => ({
  status,
  fullName,
  failureMessages,
})

describe('the last line of a CI run', () => {
  it('counts tests, and files that fail outside their tests', () => {
    const summary = summarize(
      {
        testResults: [
          {
            name: '/p/tests/a.test.ts',
            status: 'failed',
            assertionResults: [test('passed', 'x'), test('failed', 'y', 'expected 1 to be 2')],
          },
          {
            name: '/p/tests/leak.test.ts',
            status: 'failed',
            message: 'left open\nat…',
            assertionResults: [test('passed', 'z')],
          },
          {
            name: '/p/tests/s.test.ts',
            status: 'passed',
            assertionResults: [test('skipped', 'v'), test('todo', 'w')],
          },
        ],
      },
      '/p',
    )
    expect(summary).toEqual({
      passed: 2,
      failed: 2,
      skipped: ['tests/s.test.ts › v', 'tests/s.test.ts › w'],
      failures: [
        { what: 'tests/a.test.ts › y', why: 'expected 1 to be 2' },
        { what: 'tests/leak.test.ts', why: 'left open\nat…' },
      ],
    })
  })

  it('allows only the skips that are listed', () => {
    const list = '# why\ntests/s.test.ts › v # needs the samples\n'
    expect(unexpectedSkips(['tests/s.test.ts › v 1', 'tests/s.test.ts › w'], list)).toEqual([
      'tests/s.test.ts › w',
    ])
  })

  it('lists only tests that are there', () => {
    const lines = readFileSync('.ci/allowed-skips', 'utf8').split('\n')
    const listed = lines
      .filter((line) => line.startsWith('tests/'))
      .map((line) => line.split(' #')[0]!.split(' › '))
    expect(listed.length).toBeGreaterThan(0)
    for (const [file, name] of listed) {
      const titles = [...readFileSync(file!, 'utf8').matchAll(/(?:describe|it|test)[^'`]*\(\s*['`]([^'`]+)/g)]
      expect(titles.some(([, title]) => name!.startsWith(title!.split(' (')[0]!))).toBe(true)
    }
  })
})
