/** Short amounts take a way without BigInt: it must give what whole numbers of any length give. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addDecimal,
  compareDecimal,
  currencyDigits,
  decimal,
  fromMinor,
  multiplyDecimal,
  roundDecimal,
  toMinor,
} from '../../src/core/money.ts'

/** A decimal as digits and places, by BigInt alone. */
function read(text: string): [units: bigint, places: number] {
  const [whole, fraction = ''] = text.split('.') as [string, string?]
  return [BigInt(`${whole}${fraction}`.replace(/^\+/, '')), fraction.length]
}

function write(units: bigint, places: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0')
  const fraction = digits.slice(digits.length - places).replace(/0+$/, '')
  const shown = digits.slice(0, digits.length - places) + (places > 0 && fraction ? `.${fraction}` : '')
  return (units < 0n ? '-' : '') + shown
}

const digits = (most: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${most}}$`))
/** Short and long ones, with zeros before and behind. */
const decimals = fc
  .tuple(
    fc.constantFrom('', '', '-'),
    fc.oneof(digits(4), digits(18)),
    fc.option(fc.oneof(digits(3), digits(18))),
  )
  .map(([sign, whole, fraction]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}`)

describe('decimals of any length', () => {
  test('are written in one way', () => {
    fc.assert(
      fc.property(decimals, (a) => decimal(a) === write(...read(a))),
      { numRuns: 2000 },
    )
  })

  test('are added, multiplied and compared exactly', () => {
    const check = (a: string, b: string) => {
      const [[x, p], [y, q]] = [read(a), read(b)]
      const [left, right] = [x * 10n ** BigInt(q), y * 10n ** BigInt(p)]
      expect(addDecimal(a, b)).toBe(write(left + right, p + q))
      expect(multiplyDecimal(a, b)).toBe(write(x * y, p + q))
      expect(compareDecimal(a, b)).toBe(left < right ? -1 : left > right ? 1 : 0)
    }
    fc.assert(fc.property(decimals, decimals, check), { numRuns: 2000 })
  })

  test('are rounded half away from zero', () => {
    const check = (a: string, places: number) => {
      const [units, scale] = read(a)
      const power = 10n ** BigInt(Math.max(0, scale - places))
      const positive = units < 0n ? -units : units
      const rounded = (positive * 2n + power) / (power * 2n)
      const wanted = scale <= places ? write(units, scale) : write(units < 0n ? -rounded : rounded, places)
      expect(roundDecimal(a, places)).toBe(wanted)
    }
    fc.assert(fc.property(decimals, fc.integer({ min: 0, max: 6 }), check), { numRuns: 2000 })
  })

  test.each(['', '.', '-', '.5', '1..2', '1,5', 'NaN', '--1', '1 2', '٣'])('%j is refused', (text) => {
    for (const work of [decimal, (t: string) => roundDecimal(t, 2), (t: string) => toMinor(t, 'USD')]) {
      expect(() => work(text)).toThrow(RangeError)
    }
    expect(() => addDecimal(text, '1')).toThrow(RangeError)
    expect(() => multiplyDecimal('1', text)).toThrow(RangeError)
  })

  test.each([
    [0.1, '0.1'],
    [-0, '0'],
    [1e-7, '0.0000001'],
    [1e21, '1000000000000000000000'],
    ['+1.50', '1.5'],
    [' 2.0 ', '2'],
    ['1.', '1'],
    ['-0.00', '0'],
    ['15e-1', '1.5'],
  ])('%j is %s', (value, text) => expect(decimal(value)).toBe(text))
})

describe('minor units', () => {
  const currencies = fc.constantFrom('USD', 'JPY', 'KWD', 'CLF', 'CNY')

  test('and decimal text say the same', () => {
    const check = (minor: number, currency: string) => {
      const text = fromMinor(minor, currency)
      expect(text).toMatch(
        new RegExp(`^-?\\d+${currency === 'JPY' ? '' : `\\.\\d{${currencyDigits(currency)}}`}$`),
      )
      expect(toMinor(text, currency)).toBe(minor === 0 ? 0 : minor)
    }
    fc.assert(fc.property(fc.maxSafeInteger(), currencies, check), { numRuns: 2000 })
    fc.assert(fc.property(fc.integer({ min: -100_000, max: 100_000 }), currencies, check))
  })

  test('refuse what a currency cannot say', () => {
    expect(() => toMinor('0.001', 'USD')).toThrow('more than 2 decimals for USD')
    expect(() => toMinor('1.5', 'JPY')).toThrow(RangeError)
    expect(() => toMinor('90071992547409.92', 'USD')).toThrow('beyond 2^53')
    expect(toMinor('90071992547409.91', 'USD')).toBe(Number.MAX_SAFE_INTEGER)
    expect(toMinor('0.5000', 'USD')).toBe(50)
    expect(() => fromMinor(1.5, 'USD')).toThrow(RangeError)
  })
})
