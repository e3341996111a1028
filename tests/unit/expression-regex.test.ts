/** Regular expressions cannot hang the process, and give what the machine's own engine gives. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileExpression } from '../../src/expression/compile.ts'
import { costOf, parsePattern } from '../../src/expression/regex-parse.ts'
import { compileProgram, runProgram } from '../../src/expression/regex-run.ts'

/** Patterns that take the machine's own engine for ever. */
const EVIL: [pattern: string, text: string][] = [
  ['^(a+)+$', `${'a'.repeat(5000)}!`],
  ['^(a|aa)+$', `${'a'.repeat(5000)}!`],
  ['^(a|a)*$', `${'a'.repeat(5000)}!`],
  ['^([a-zA-Z]+)*$', `${'a'.repeat(5000)}!`],
  ['(x+x+)+y', 'x'.repeat(5000)],
  ['^(\\d+\\s?)+$', `${'1 '.repeat(3000)}!`],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(5000)],
  ['(.*)*b', 'a'.repeat(5000)],
  ['.*.*.*.*=.*', 'a'.repeat(5000)],
  ['\\s+$', `${' '.repeat(50_000)}x`],
  ['(a?){30}a{30}', 'a'.repeat(29)],
  ['^(.*?,){11}P', `${'1,'.repeat(400)}`],
  ['(\\w+\\.)*\\w+@', 'a.'.repeat(4000)],
]

describe('evil patterns', () => {
  test.each(EVIL)('/%s/ ends', (pattern, text) => {
    const run = compileExpression(`$contains(t, /${pattern}/)`)
    const start = performance.now()
    expect(typeof run({ t: text })).toBe('boolean')
    expect(performance.now() - start).toBeLessThan(2000)
  })

  test('what has no bound and no linear run is refused, with the reason', () => {
    const run = compileExpression('$contains(t, /^(a+)+\\1$/)')
    expect(run({ t: 'aa' })).toBe(true)
    expect(() => run({ t: 'a'.repeat(100) })).toThrow(
      expect.objectContaining({ code: 'U1002', message: expect.stringContaining('no bound') }),
    )
    const ahead = compileExpression('$contains(t, /^(?=(a+)+$)b/)')
    expect(() => ahead({ t: `${'a'.repeat(100)}!` })).toThrow(expect.objectContaining({ code: 'U1002' }))
  })

  test('texts that are too long for a linear run are refused', () => {
    const run = compileExpression('$contains(t, /(a+)+(b+)+$/)')
    expect(() => run({ t: 'a'.repeat(60_000_000) })).toThrow(expect.objectContaining({ code: 'U1002' }))
  })
})

describe('what is common is run by the own engine of the machine', () => {
  test.each([
    ['[^0-9]', 0],
    ['^\\d{4}-\\d{2}-\\d{2}$', 0],
    ['(\\d+)-(\\d+)', 2],
    ['^\\s+|\\s+$', 2],
    ['[,;]\\s*', 1],
    ['(?:th|st)?$', 0],
  ])('/%s/ costs length to the power of %i and one', (pattern, power) => {
    expect(costOf(parsePattern(pattern).part)).toMatchObject({ power })
  })
})

describe('a linear run', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    '.',
    '\\d',
    '[ab]',
    '[^a]',
    '(a|b)',
    '(?:ab|a)',
    '(b?)',
    '\\w',
    '^',
    '$',
    '\\b',
  )
  const pattern = fc
    .array(fc.tuple(atom, fc.constantFrom('', '', '*', '+', '?', '*?', '+?', '{2}', '{1,2}')), {
      minLength: 1,
      maxLength: 5,
    })
    .map((parts) => parts.map(([a, q]) => (/^[\\^$]b?$/.test(a) ? a : a + q)).join(''))
  const nested = fc.oneof(
    pattern,
    fc.tuple(pattern, fc.constantFrom('*', '+', '{0,2}')).map(([p, q]) => `(${p}c)${q}`),
    fc.tuple(pattern, pattern).map(([p, q]) => `(?:${p}|(${q}))b`),
  )
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', ' ', '\n'), maxLength: 12 })

  test('finds what the own engine of the machine finds, groups included', () => {
    fc.assert(
      fc.property(nested, text, fc.constantFrom('', 'i', 'm'), (source, input, flags) => {
        const native = new RegExp(source, `g${flags}`)
        const { part, groups } = parsePattern(source)
        const program = compileProgram(part, groups, flags)!
        const found = runProgram(program, input, 0)
        const wanted = native.exec(input)
        const shown =
          found &&
          Array.from({ length: groups + 1 }, (_, i) =>
            found[i * 2 + 1]! < 0 ? undefined : input.slice(found[i * 2], found[i * 2 + 1]),
          )
        expect(shown).toEqual(wanted && [...wanted])
        if (wanted) expect(found![0]).toBe(wanted.index)
      }),
      { numRuns: 3000, seed: 20260101 },
    )
  })

  test('escapes, classes and named groups are read', () => {
    for (const [source, input] of [
      ['(\\x41|\\u0042)+c', 'ABAc'],
      ['([\\]a-c\\\\]+)+!', 'x]a\\c!'],
      ['((?<year>\\d+)-?)+x', '2026-03x'],
      ['(a{,2}b)+', 'a{,2}ba{,2}b'],
      ['((\\t|\\n)+ )+', '\t\n \t '],
    ] as const) {
      const { part, groups } = parsePattern(source)
      const found = runProgram(compileProgram(part, groups, '')!, input, 0)!
      const wanted = new RegExp(source).exec(input)!
      expect([found[0], input.slice(found[0], found[1])], source).toEqual([wanted.index, wanted[0]])
    }
  })
})
