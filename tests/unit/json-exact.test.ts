/** Numbers that a double does not hold become text, wherever they stand; nothing else changes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/core/json.ts'

/** The same in the slow way: every string and number taken in hand. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/gs
function slowly(text: string): unknown {
  const loses = (token: string) => {
    const [mantissa = '', exponent] = token.split(/[eE]/)
    const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
    const significant = (whole + fraction.replace(/0+$/, '')).replace(/^0+/, '')
    if (exponent !== undefined) return significant.length > 15 || Math.abs(Number(exponent)) >= 290
    return /^0*$/.test(fraction) ? !Number.isSafeInteger(Number(token)) : significant.length > 15
  }
  return JSON.parse(text.replace(TOKEN, (t) => (t[0] !== '"' && loses(t) ? `"${t}"` : t)))
}

const numbers = fc.oneof(
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.stringMatching(/^\d{1,14}$/))
    .map(([a, b]) => `${a}.${b}`),
  fc.tuple(fc.integer(), fc.integer({ min: -320, max: 320 })).map(([a, b]) => `${a}e${b}`),
)
const texts = fc
  .array(fc.constantFrom('"', '\\', '4203110000000000007', ', ', ':', '[', '1e400', 'é', '\n', 'x'))
  .map((parts) => JSON.stringify(parts.join('')))
const json = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    numbers,
    texts,
    fc.array(tie('any'), { maxLength: 5 }).map((list) => `[${list.join(',')}]`),
    fc
      .array(fc.tuple(texts, tie('any')), { maxLength: 5 })
      .map((members) => `{${members.map(([name, value]) => `${name} : ${value}`).join(' , ')}}`),
  ),
})).any

describe('exact JSON', () => {
  it('is what taking every token in hand gives', () => {
    fc.assert(
      fc.property(json, (text) => {
        expect(parseJson(text)).toEqual(slowly(text))
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps what is no JSON from becoming some', () => {
    const wrong = [
      '12345678901234567.',
      '012345678901234567',
      '1234567890123456.7.8',
      '[12345678901234567 1]',
    ]
    for (const text of [...wrong, '12345678901234567e', '"12345678901234567', '+12345678901234567'])
      expect(() => parseJson(text), text).toThrow(SyntaxError)
  })

  it('passes over digits in texts, also behind escaped quotes', () => {
    const text = '{"a":"\\\\","b":12345678901234567890,"c":"x \\"12345678901234567890, 1e999\\" y"}'
    expect(parseJson(text)).toEqual({
      a: '\\',
      b: '12345678901234567890',
      c: 'x "12345678901234567890, 1e999" y',
    })
  })
})
