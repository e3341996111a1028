/** Expressions with their meaning, held against the `jsonata` package; where errors stand; functions of the host. */
import jsonata from 'jsonata'
import { describe, expect, test } from 'vitest'
import { compileExpression, describeExpression } from '../../src/expression/compile.ts'

const plain = (value: unknown) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))
const functions = { twice: (x: number) => x * 2, list: (x: unknown) => [x].flat() }

const DATA = {
  a: { b: [{ c: 1, d: ['x'] }, { c: 2, d: [] }, { c: [3, 4] }], n: null, s: 'text', e: '' },
  one: [{ v: 1 }],
  none: [],
  nested: [[1, 2], [3]],
  flag: true,
  zero: 0,
  orders: [
    { id: 'o1', lines: [{ sku: 'A', price: '10.50', qty: 2 }] },
    {
      id: 'o2',
      lines: [
        { sku: 'B', price: '3', qty: 1 },
        { sku: 'A', price: '1.25', qty: 4 },
      ],
    },
  ],
}

async function both(source: string, input: unknown, bindings: Record<string, unknown> = {}) {
  const expression = jsonata(source)
  for (const [name, work] of Object.entries(functions)) expression.assign(name, work)
  const wanted = plain(await expression.evaluate(structuredClone(input), bindings))
  const found = plain(compileExpression(source, { functions })(structuredClone(input), bindings))
  return { wanted, found }
}

describe('what the package gives', () => {
  test.each([
    'a.b.c',
    'a.b.d',
    // Steps with code of their own for objects, met by lists, texts and nothing.
    '(nested).{"a": a, "b": b, "c": [c], "n": $count($)}',
    '[[one, nested], a.b, s, null].{"v": v, "c": c, "d": d, "l": length}',
    '[orders.lines.($p := price; {"sku": sku, "p": $p, "q": qty ?? 0, "own": [sku, price]})]',
    '[orders[id = "none"].{"a": id, "b": lines.sku, "c": lines.qty}]',
    '[orders.{"a": id, "b": lines.sku, "c": lines.qty}][]',
    '([1..3]#$i.c).q#$i',
    '([]).q#$i',
    '$reverse(one[])^(v)',
    '(a[])^(s)',
    'a.b[0].c',
    'a.b[-1].c',
    'a.b.c[0]',
    'a.b[c = 2].c',
    'a.b[$exists(d) and c = 1].c',
    'one.v',
    'one.v[]',
    '[one.v]',
    'none',
    '$count(none)',
    '$exists(none.x)',
    'nested.$',
    '[nested, 4]',
    'missing.x',
    'a.n.x',
    'missing != 1',
    "a.s & '-' & zero & missing",
    'missing ? 1',
    'a.e ?: a.s',
    'missing ?? a.s',
    '$string(a.e) ?: 1',
    '$string(a.e) ?? 1',
    '$exists(missing) ?: 1',
    '$exists(missing) ?? 1',
    'a.b[9] ?? 1',
    "{'x': a.s, 'gone': missing, 'n': a.n}",
    "a.b.{'k': c}",
    "$list(one).($w := v; {'w': $w, 'outer': $$.a.s})",
    '($x := 1; $y := ($x := 5; $x + 1); $x + $y)',
    '($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(10))',
    '($k := 3; $f := function($x) { $x + $k }; a.b.c.$f($))',
    '$lookup(a, "s")',
    '$lookup({"text": "found"}, a.s)',
    '$number("12.5") + 1',
    '$twice(zero + 2)',
    '$given.x',
    '-(1 + 2) * 3 / 2 % 2',
    'a.s in ["no", "text"]',
    'orders.lines.(sku & "@" & %.id)',
    'orders@$o.lines#$i.{"at": $i, "order": $o.id, "sku": sku}',
    'orders.lines^(>qty, sku).sku',
    'orders.lines{sku: $sum(qty)}',
    'orders ~> |lines|{"total": $number(price) * qty}, "price"|',
    '$map(orders, function($o, $i) { $i & $o.id })',
    '$filter(orders.lines, function($l) { $l.qty > 1 }).sku',
    '$reduce(orders.lines.qty, function($a, $b) { $a + $b }, 10)',
    '$sort(orders.lines, function($l, $r) { $l.qty < $r.qty }).qty',
    '($third := $substring(?, 2, 1); $third("abc"))',
    '$match("ab12cd", /([a-z])(\\d)/)',
    '$replace("2026-03-01", /(\\d+)-(\\d+)-(\\d+)/, "$3.$2.$1")',
    '$split("a, b;c", /[,;]\\s*/)',
    '**.sku',
    'orders.*.sku',
    '[1..5][$ % 2 = 0]',
    '($even := function($n) { $n = 0 ? true : $odd($n - 1) }; $odd := function($n) { $n = 0 ? false : $even($n - 1) }; $even(1000))',
    '$eval("orders.id")',
    '($x := 5; $eval("$x + 1"))',
    '(flag ? $late := 1; $late)',
    '$type(function($x) { $x })',
    'orders.lines[0].sku',
    '(orders.lines)[0].sku',
    'orders[id = "o2"].lines[sku = "A"].price',
    '$fromMillis(1772359200000, "[D1o] [MNn] [Y], [h#1]:[m01][P]", "+0800")',
    '$toMillis("03/01/2026", "[M01]/[D01]/[Y0001]")',
    '$formatNumber(1234.567, "#,##0.00")',
    '$formatInteger(2026, "w")',
    '$parseInteger("MMXXVI", "I")',
  ])('%s', async (source) => {
    const { wanted, found } = await both(source, DATA, { given: { x: 'X' } })
    expect(found).toEqual(wanted)
  })

  test('a list as the input is one item', async () => {
    for (const source of ['$', '$[0]', 'v', '$count($)', '$.v', '*', '$$[1].v', '{"k": v}']) {
      const { wanted, found } = await both(source, [{ v: 1 }, { v: 2 }])
      expect(found, source).toEqual(wanted)
    }
  })

  test('a variable of the caller may hide a function', async () => {
    const { wanted, found } = await both('$sum', {}, { sum: 7 })
    expect(found).toEqual(wanted)
    const run = compileExpression('$sum([1, 2])')
    expect(run({})).toBe(3)
    expect(run({}, { sum: () => 'mine' })).toBe('mine')
    expect(run({})).toBe(3)
  })
})

describe('errors', () => {
  test.each([
    ['1 + a.s', 'T2002'],
    ['a.s > 1', 'T2009'],
    ['$nobody()', 'T1006'],
    ['count(a)', 'T1005'],
    ['$number("x")', 'D3030'],
    ['$substring(1, 2)', 'T0411'],
    ['$length(5)', 'T0410'],
    ['-a.s', 'D1002'],
    ['$eval("1", 2, 3)', 'T0410'],
    ['1 / 0 + 1', 'D1001'],
    ['"x" ~> 1', 'T2006'],
    ['{a.b: 1}', 'T1003'],
    ['$error("no")', 'D3137'],
    ['[1..a.s]', 'T2004'],
    ['a.b^(d)', 'T2008'],
  ])("%s: code, position and token are the package's", async (source, code) => {
    const thrown = await jsonata(source)
      .evaluate(DATA)
      .then(() => null)
      .catch((e) => e)
    const { position, token } = thrown
    expect(thrown.code).toBe(code)
    expect(() => compileExpression(source)(DATA)).toThrow(expect.objectContaining({ code, position }))
    expect(() => compileExpression(source)(DATA)).toThrow(
      expect.objectContaining(token === undefined ? {} : { token }),
    )
  })

  test('a mistake in the source is told when compiling', () => {
    expect(() => compileExpression('a.[')).toThrow(expect.objectContaining({ code: 'S0203', position: 3 }))
    expect(() => compileExpression('a + ')).toThrow(/Unexpected end/)
  })

  test('what a function of the host throws comes through, with the position', () => {
    const own = new Error('own')
    const boom = () => {
      throw own
    }
    const run = compileExpression('{"x": $boom(1)}', { functions: { boom } })
    expect(() => run({})).toThrow(own)
    expect(own).toMatchObject({ position: 12, token: 'boom' })
  })

  test('texts name function, argument and value', () => {
    expect(() => compileExpression('$length(5)')({})).toThrow('argument 1 of function length')
    expect(() => compileExpression('1 + "x"')({})).toThrow('the right side of + must be a number')
  })
})

describe('functions of the host', () => {
  test('are called at once, with lambdas as plain functions', () => {
    const apply = (work: (x: number) => number, x: number) => work(x) + 1
    const run = compileExpression('$apply(function($n) { $n * 2 }, 5)', { functions: { apply } })
    expect(run({})).toBe(11)
    const later = compileExpression('($f := function($n) { $twice($n) }; $apply($f, 5))', {
      functions: { apply, twice: functions.twice },
    })
    expect(later({})).toBe(11)
  })

  test('may evaluate other expressions', () => {
    const inner = compileExpression('$sum([1..n])')
    const run = compileExpression('$inner({"n": 10}) + $inner({"n": 3})', { functions: { inner } })
    expect(run({})).toBe(61)
  })
})

test('says how it runs', () => {
  const { compiled, reason, code } = describeExpression('a.b')
  expect({ compiled, reason }).toEqual({ compiled: true, reason: null })
  expect(code).toContain('function main')
})
