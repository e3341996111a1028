import { describe, expect, it } from 'vitest'
import { sources } from './source.ts'

/** What code must not say, built from parts so that this file does not say it. */
const FORBIDDEN: [what: string, pattern: RegExp, where: RegExp][] = [
  ['a test that does not run', /\b(it|test|describe)\.(skip|only|todo)\(/, /^tests\//],
  ['an assertion that cannot fail', /expect\((true|1)\)\.to(Be|Equal|StrictEqual)\(\1\)/, /^tests\//],
  ['a swallowed error', /catch\s*(\([^)]*\))?\s*\{\s*\}/, /./],
  ['a promise instead of code', new RegExp(`\\b(${['TO', 'FIX'].join('DO|')}ME)\\b`), /./],
  ['a focused debugger', /^\s*debugger\b/m, /./],
]

const files = sources('src', 'connectors', 'tests', 'bench', '.ci', 'docs').filter(
  ({ path }) => path !== 'tests/rules/honesty.test.ts',
)

/** `path:line` of every place that says it. */
function places(pattern: RegExp, where: RegExp): string[] {
  return files
    .filter(({ path }) => where.test(path))
    .flatMap(({ path, text }) => {
      const at = text.search(pattern)
      return at < 0 ? [] : [`${path}:${text.slice(0, at).split('\n').length}`]
    })
}

describe('the code holds no', () => {
  it.each(FORBIDDEN)('%s', (_, pattern, where) => {
    expect(places(pattern, where)).toEqual([])
  })

  it('pattern that finds nothing at all', () => {
    const samples = ['it.only(', 'expect(true).toBe(true)', 'catch {}', 'FIXME', 'debugger']
    FORBIDDEN.forEach(([what, pattern], at) => {
      expect(samples[at], what).toMatch(pattern)
    })
  })
})
