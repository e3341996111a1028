import fc from 'fast-check'
import iconv from 'iconv-lite'
import { describe, expect, test } from 'vitest'
import { parseInstant } from '../../src/core/time.ts'
import { codeFunctions, FUNCTIONS } from '../../src/mapping/functions.ts'
import { orderRows } from '../../src/mapping/rows.ts'

const call = (name: string, ...args: unknown[]) => (FUNCTIONS[name] as (...a: unknown[]) => unknown)(...args)

describe('exact functions', () => {
  test.each([
    ['money', ['10.50', 'USD'], 1050],
    ['money', [19.99, 'USD'], 1999],
    ['money', ['44000.0', 'JPY'], 44000],
    ['money', ['-1.234', 'KWD'], -1234],
    ['moneyRounded', ['1.005', 'USD'], 101],
    ['moneyRounded', ['-1.005', 'USD'], -101],
    ['sumMoney', [['0.1', 0.2, null, undefined], 'USD'], 30],
    ['sumMoney', ['0.1', 'USD'], 10],
    ['sumMoney', [undefined, 'USD'], 0],
    ['lineMoney', ['0.1234', 7, 'KWD'], 864],
    ['sumMoney', [[], 'USD'], 0],
    ['sumMoney', [[150, '7', null], 'USD', 'minor'], 157],
    ['money', [1050, 'USD', 'minor'], 1050],
    ['money', ['1050', 'JPY', 'minor'], 1050],
    ['money', ['-1050.00', 'USD', 'minor'], -1050],
    ['minor', [1050, 'USD'], '10.50'],
    ['minor', [-5, 'KWD'], '-0.005'],
    ['minor', [7, 'JPY'], '7'],
    ['convert', [2832, 'JPY', '0.048', 'CNY'], 13594],
    ['decimal', ['1080.0'], '1080'],
    ['decimal', [1e21], '1000000000000000000000'],
    ['decimal', ['9007199254740993.10'], '9007199254740993.1'],
    ['roundDecimal', ['1.005', 2], '1.01'],
    ['decimalAdd', ['0.1', '0.2'], '0.3'],
    ['decimalSubtract', ['1', '0.9'], '0.1'],
    ['decimalMultiply', ['1.1', '1.1'], '1.21'],
    ['decimalDivide', ['1', '3', 4], '0.3333'],
    ['decimalSum', [[0.05, '0.1', null]], '0.15'],
    ['instant', ['2026-11-20T17:15:30+09:00'], '2026-11-20T08:15:30.000Z'],
    ['businessDate', ['2026-01-01T17:00:00Z', 'Asia/Shanghai'], '2026-01-02'],
    ['fit', ['a🍵𠮷b', 3], 'a🍵𠮷'],
    ['fit', ['short', 181], 'short'],
    ['fit', ['三件白衬衫', 7, 'bytes:utf-8'], '三件'],
    ['fit', ['三件白衬衫', 7, 'bytes:gbk'], '三件白'],
    ['fit', ['三件白衬衫', 10, 'bytes:gbk'], '三件白衬衫'],
    ['fit', ['a🍵b', 4, 'bytes:utf-8 cut'], 'a'],
    ['fit', ['three white shirts', 8, 'abbreviate'], 'three w…'],
    ['fit', ['three white shirts', 7, 'characters abbreviate'], 'three…'],
    ['fit', ['三件白衬衫', 7, 'bytes:gbk abbreviate'], '三件…'],
    ['fit', ['三件白衬衫', 3, 'bytes:utf-8 abbreviate'], '三'],
    ['fit', ['abc', 0], ''],
    ['fits', ['三件白衬衫', 10, 'bytes:gbk'], true],
    ['fits', ['三件白衬衫', 9, 'bytes:gbk'], false],
    ['fits', ['a🍵𠮷b', 4], true],
    ['fits', ['a🍵𠮷b', 3], false],
    ['fits', [null, 3], true],
    ['hash', [{ b: [1, 'x'], a: null }], '9145efd761548cb4303c49f4eccb8afb'],
    ['hash', ['x', 8], 'ba2df490'],
    ['hash', [{ a: null }], undefined],
    ['gidTail', ['gid://shopify/Order/7'], '7'],
    ['gidTail', [7], '7'],
    ['firstOf', [undefined, null, '', 0, 1], 0],
    ['words', [' ', 'a', null, '', ['b', 'c']], 'a b c'],
    ['words', [' ', null], undefined],
    ['items', [[1, null, 2]], [1, 2]],
    ['listOf', [['a ', 1, ''], ','], ['a', '1']],
    ['rows', [null], undefined],
  ])('$%s(%j)', (name, args, expected) => {
    expect(call(name, ...args)).toEqual(expected)
  })

  const oneArgument = [
    'money',
    'moneyRounded',
    'minor',
    'decimal',
    'instant',
    'fit',
    'gidTail',
    'convert',
    'lineMoney',
  ]
  test.each(oneArgument)('$%s of nothing is nothing', (name) => {
    for (const nothing of [undefined, null, '']) expect(call(name, nothing, 'USD')).toBeUndefined()
  })

  test.each([
    ['money', ['1.005', 'USD']],
    ['money', ['12,50', 'USD']],
    ['money', ['1', 'usd']],
    ['money', [{}, 'USD']],
    ['money', [Number.NaN, 'USD']],
    ['money', ['99999999999999999', 'USD']],
    ['money', ['10.5', 'USD', 'minor']],
    ['money', ['10', 'USD', 'cents']],
    ['money', ['9007199254740993', 'USD', 'minor']],
    ['sumMoney', [['90071992547409', '1'], 'USD']],
    ['fit', ['abc', undefined]],
    ['fit', ['abc', 2, 'letters']],
    ['fit', ['abc', 2, 'bytes:klingon']],
    ['fits', ['abc', -1]],
    ['hash', ['abc', 7]],
    ['rows', [{ lines: [] }]],
    ['rows', ['#1001']],
    ['words', [' ', 'a', { name: 'b' }]],
    ['listOf', [[{ tag: 'a' }], ',']],
    ['minor', [1.5, 'USD']],
    ['minor', ['1', 'USD']],
    ['decimalDivide', ['1', '0', 2]],
    ['roundDecimal', ['1', -1]],
    ['instant', ['2026-11-20 17:15:30']],
    ['instant', ['2026-02-30T00:00:00Z']],
    ['businessDate', ['2026-01-01T00:00:00Z', 'Mars/Base']],
  ])('$%s(%j) is refused', (name, args) => {
    expect(() => call(name, ...args)).toThrow(expect.objectContaining({ code: 'MAPPING_VALUE' }))
  })

  test('property: money and minor are inverse for every currency', () => {
    const currency = fc.constantFrom('USD', 'JPY', 'KWD', 'BHD', 'CNY')
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), currency, (amount, iso) => {
        expect(call('money', call('minor', amount, iso), iso)).toBe(amount)
      }),
    )
  })

  test('property: fit never cuts a character and never exceeds', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.integer({ min: 1, max: 20 }),
        (text, max) => {
          const cut = call('fit', text, max) as string
          expect([...cut]).toEqual([...text].slice(0, max))
        },
      ),
    )
  })

  test('property: in bytes nothing exceeds, all that fits is kept, a beginning stays a beginning', () => {
    const way = fc.constantFrom(
      ['utf-8', 'cut'],
      ['utf-8', 'abbreviate'],
      ['gbk', 'cut'],
      ['gbk', 'abbreviate'],
    )
    const piece = fc.constantFrom('a', 'é', '白', '衫', ' ', '🍵', '𠮷')
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1 }),
        fc.integer({ min: 3, max: 40 }),
        way,
        (pieces, max, [set, end]) => {
          const text = pieces.join('')
          const how = `bytes:${set} ${end}`
          const bytes = (t: string) => iconv.encode(t, set!).length
          const cut = call('fit', text, max, how) as string
          expect(bytes(cut)).toBeLessThanOrEqual(max)
          expect(cut === text).toBe(bytes(text) <= max)
          expect(call('fits', text, max, how)).toBe(cut === text)
          expect(text.startsWith(cut === text ? cut : cut.replace(/…$/, ''))).toBe(true)
          expect(cut.isWellFormed()).toBe(true)
        },
      ),
    )
  })

  test('property: a hash knows content, not the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse())
        expect(call('hash', turned)).toBe(call('hash', value))
      }),
    )
  })
})

describe('short ways', () => {
  const short = fc
    .tuple(fc.integer({ min: 0, max: 999_999 }), fc.integer({ min: 0, max: 6 }))
    .map(([n, scale]) => {
      const digits = String(n).padStart(scale + 1, '0')
      return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
    })
  const decimals = fc.oneof(
    short,
    fc.constantFrom('-1.5', '1e2', '.5', '5.', '0', '000', '123456789.123456789', ' 7 '),
  )

  const run = (work: () => unknown) => {
    try {
      return work()
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  test('property: price × quantity is what long arithmetic gives', () => {
    fc.assert(
      fc.property(decimals, decimals, fc.constantFrom('USD', 'JPY', 'KWD', 'CLF'), (price, quantity, iso) => {
        const long = () => call('moneyRounded', call('decimalMultiply', price, quantity), iso)
        expect(run(() => call('lineMoney', price, quantity, iso))).toBe(run(long))
      }),
      { numRuns: 1000 },
    )
  })

  test('property: amount × rate is what long arithmetic gives', () => {
    const amounts = fc.oneof(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.maxSafeInteger())
    const codes = fc.constantFrom('USD', 'JPY', 'KWD', 'CLF')
    fc.assert(
      fc.property(amounts, decimals, codes, codes, (value, rate, from, to) => {
        const long = () => call('moneyRounded', call('decimalMultiply', call('minor', value, from), rate), to)
        expect(run(() => call('convert', value, from, rate, to))).toBe(run(long))
      }),
      { numRuns: 1000 },
    )
  })

  test('property: a sum is what adding one by one gives', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(decimals, fc.constant(null)), { maxLength: 6 }), (values) => {
        const there = values.filter((v) => v !== null)
        const long = () =>
          there.length === 0 ? undefined : there.reduce((sum, v) => call('decimalAdd', sum, v) as string, '0')
        expect(run(() => call('decimalSum', values))).toBe(run(long))
      }),
    )
  })

  test('property: an instant is what Date makes of it', () => {
    const two = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'))
    const offset = fc.oneof(
      fc.constantFrom('Z', 'z', '+08:00', '-05:00', '+05:30', '+00:00', '+8:00', ''),
      two(25).map((h) => `-${h}:00`),
    )
    const written = fc
      .tuple(
        fc.constantFrom('2026', '2024', '0001'),
        two(14),
        two(33),
        fc.constantFrom('T', ' '),
        two(26),
        two(62),
        two(62),
        fc.constantFrom('', '.5', '.123456'),
        offset,
      )
      .map(
        ([y, mo, d, t, h, mi, s, fraction, zone]) => `${y}-${mo}-${d}${t}${h}:${mi}:${s}${fraction}${zone}`,
      )
    fc.assert(
      fc.property(written, (text) => {
        let expected: string | null = null
        try {
          expected = parseInstant(text).toISOString()
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
        if (expected === null) expect(() => call('instant', text)).toThrow('$instant cannot use')
        else expect(call('instant', text)).toBe(expected)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('$code and $hasCodes', () => {
  const { code, hasCodes } = codeFunctions({ unit: { pc: 'EA', constructor: 'C' } })
  test('found, defaulted, missing', () => {
    expect(code('unit', 'pc')).toBe('EA')
    expect(code('unit', 'constructor')).toBe('C')
    expect(code('unit', 'box', 'BX')).toBe('BX')
    expect(code('unit', undefined)).toBeUndefined()
    expect(() => code('unit', 'toString')).toThrow('code table "unit" has no entry for "toString"')
    expect(() => code('__proto__', 'toString')).toThrow(
      expect.objectContaining({ code: 'MAPPING_CODE_MISSING' }),
    )
    expect([hasCodes('unit'), hasCodes('toString')]).toEqual([true, false])
  })
})

describe('$rows', () => {
  const amount = fc.integer({ min: 0, max: 1e9 })
  test('property: Σ gross is what the buyer owes, net + tax is gross, tax included or not', () => {
    const line = fc.record({ goods: amount, discount: amount, tax: amount })
    fc.assert(
      fc.property(
        fc.array(line),
        fc.boolean(),
        amount,
        amount,
        amount,
        (lines, taxIncluded, freight, tax, tip) => {
          const order = {
            taxIncluded,
            lines: lines.map((l, i) => ({ ...l, externalId: String(i), quantity: '1' })),
            shipping: { amount: freight, discount: 0, tax },
            charges: [{ kind: 'tip', amount: tip, tax: 0 }],
          }
          const rows = orderRows(order as never)
          const taxes = taxIncluded ? 0 : tax + lines.reduce((n, l) => n + l.tax, 0)
          const owed = freight + tip + taxes + lines.reduce((n, l) => n + l.goods - l.discount, 0)
          expect(rows.reduce((n, r) => n + r.gross, 0)).toBe(owed)
          expect(rows.every((r) => r.net + r.tax === r.gross)).toBe(true)
          expect(rows.map((r) => r.number)).toEqual(rows.map((_, i) => i + 1))
          expect(rows.filter((r) => r.kind === 'shipping')).toHaveLength(freight || tax ? 1 : 0)
        },
      ),
    )
  })
})
