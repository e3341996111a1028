import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { lintMapping, type MappingFinding } from '../../src/mapping/lint.ts'
import { readMapping } from '../../src/mapping/read.ts'

const folder = mkdtempSync(join(tmpdir(), 'tributary-lint-'))
afterAll(() => rmSync(folder, { recursive: true }))
let count = 0

async function lint(text: string, samples: unknown[] = [], head = 'from: acme/order\nto: acme/thing\n') {
  const file = join(folder, `m${count++}.in.yaml`)
  writeFileSync(file, head + text)
  return lintMapping(await readMapping(file), samples)
}
const codes = (found: MappingFinding[]) => found.map((f) => f.code)
/** An order's `totals.paid`, which is an amount; other complaints are left out. */
async function paid(expression: string, samples: unknown[] = [], variables = '') {
  const text = `${variables}fields:\n  totals:\n    paid: ${JSON.stringify(expression)}\n`
  const found = await lint(text, samples, 'from: acme/order\nto: order\n')
  return found.filter((f) => f.code.startsWith('MAPPING_MONEY'))
}

describe('money in floats', () => {
  test.each([
    ['price * quantity', '*'],
    ['$number(price)', '$number'],
    ['$round($number(price) * 100)', '$number, *, $round'],
    ['total / 100', '/'],
    ['total + freight', '+'],
    ['total - discount', '-'],
    ['$sum(lines.price)', '$sum'],
    ['$sum(lines.(price * quantity))', '*, $sum'],
    ['$average(lines.price)', '$average'],
    ['$money($number(a) + $number(b), "EUR")', '$number, +'],
    ['$money(price * quantity, "EUR")', '*'],
    ['$lineMoney(price / 1.13, quantity, "EUR")', '/'],
    ['$money(total, "EUR") * 0.5', '*'],
    ['free ? 0 : price * quantity', '*'],
    ['($x := price * quantity; $x)', '*'],
    ['$map(lines, function($l) { $l.price * 2 })', '*'],
    ['$reduce(lines.price, function($a, $b) { $a + $b })', '+'],
    ['price.($ * 2)', '*'],
    ['lines.price ~> $sum()', '$sum'],
    ['lines.price ~> $sum', '$sum'],
    ['$lookup({"a": price * 2}, "a")', '*'],
    ['$firstOf(price * 2, 0)', '*'],
    ['{"a": price * 2}.a', '*'],
    ['$power(price, 2)', '$power'],
    ['$number($money(a, "EUR") & "") + 0.1', '$number, +'],
  ])('%s', async (expression, by) => {
    const [only, ...others] = await paid(expression)
    expect(others).toEqual([])
    expect(only).toMatchObject({ severity: 'error', code: 'MAPPING_MONEY_FLOAT', line: 5, column: 11 })
    expect(only!.field).toBe('totals.paid')
    expect(only!.expression).toBe(expression)
    expect(only!.message.en).toContain(`: ${by} on money gives a float`)
    expect(only!.message.zh).toContain('浮点数')
    expect(only!.fix.en).toMatch(/\$(money|sumMoney|lineMoney|decimal|minor)/)
  })

  test.each([
    '$money(a, "EUR")',
    '$money(a, "EUR") + $money(b, "EUR") - $sumMoney(c, "EUR")',
    '-$sumMoney(c, "EUR")',
    '$sum([$money(a, "EUR"), $money(b, "EUR")])',
    '$lineMoney(price, quantity, "EUR") * 2',
    '$sum(lines.$money(price, "EUR"))',
    '$number(price) > 0 ? $money(price, "EUR")',
    'lines[price * quantity > 10].$money(price, "EUR")',
    '$count(lines) * 100',
    '$abs($money(a, "EUR"))',
    'total',
  ])('%s may stand', async (expression) => {
    expect(await paid(expression)).toEqual([])
  })

  test('whole numbers are minor units where no amount of the samples has a fraction', async () => {
    const minor = { price: 1999, total: 2400, freight: 401, rate: 0.2, quantity: 2 }
    expect(await paid('total - freight + price * quantity', [minor])).toEqual([])
    expect(codes(await paid('total - freight', [{ ...minor, tax: '4.01' }]))).toEqual(['MAPPING_MONEY_FLOAT'])
    expect(codes(await paid('total - freight', [{ ...minor, freight: 4.01 }]))).toEqual([
      'MAPPING_MONEY_FLOAT',
    ])
    expect(codes(await paid('total * rate', [minor]))).toEqual(['MAPPING_MONEY_FLOAT'])
  })

  test('through variables and functions, told where it is written, once', async () => {
    const variables = 'let:\n  twice: "function($x) { $x * 2 }"\n  both: $twice(price)\n'
    const text = `${variables}fields:\n  totals: { paid: $both, goods: $both, tax: "$money($twice(tax), 'EUR')" }\n`
    const found = await lint(text, [], 'from: acme/order\nto: order\n')
    const money = found.filter((f) => f.code === 'MAPPING_MONEY_FLOAT')
    expect(money.map((f) => [f.field, f.line])).toEqual([['let.twice', 4]])
  })

  test('a function that ends in an exact one gives an amount', async () => {
    const yuan = 'let:\n  yuan: "function($v) { $money($v, \'CNY\') }"\n'
    expect(codes(await paid('$yuan(total) - $yuan(tax)', [], yuan))).toEqual([])
    expect(codes(await paid('$yuan(total * rate) - $yuan(tax)', [], yuan))).toEqual(['MAPPING_MONEY_FLOAT'])
  })

  test('text is no amount', async () => {
    expect(codes(await paid('total', [{ total: '1.50' }]))).toEqual(['MAPPING_MONEY_TEXT'])
    expect(codes(await paid("$minor(1, 'EUR')"))).toEqual(['MAPPING_MONEY_TEXT'])
    expect((await paid('$decimal(total)'))[0]!.fix.en).toContain('$money(')
  })

  test('outgoing: amounts of our documents must not be divided; counting and numbering may', async () => {
    const head = 'from: order\nto: erp/order\n'
    const fields = `fields:
  total: totals.total / 100
  ratio: $number(lines[0].unitPrice) * 1.5
  rows: { $each: $rows($), no: number * 10, quantity: $number(quantity), both: gross + net, half: $round(net / 2) }
  count: $count(lines) / 2
  version: $number(version) + 1`
    const found = await lint(fields, [], head)
    expect(found.map((f) => [f.code, f.field])).toEqual([
      ['MAPPING_MONEY_FLOAT', 'total'],
      ['MAPPING_MONEY_FLOAT', 'ratio'],
      ['MAPPING_MONEY_FLOAT', 'rows.half'],
    ])
  })

  test('texts and quantities of our documents are no amounts', async () => {
    const fields = `fields:
  version: $string(total + 1)
  lines: { $each: lines, quantity: $string(quantity * 2), unitPrice: $string(price * 2) }`
    const found = await lint(fields, [], 'from: acme/order\nto: order\n')
    const money = found.filter((f) => f.code === 'MAPPING_MONEY_FLOAT')
    expect(money.map((f) => f.field)).toEqual(['lines.unitPrice'])
  })
})

describe('paths', () => {
  const sample = {
    customer: { name: 'A', phones: [{ number: '1' }] },
    lines: [{ sku: 'X', qty: 1 }],
    note: null,
  }
  const paths = async (expression: string, more = '') =>
    (await lint(`fields:\n  a: ${JSON.stringify(expression)}\n${more}`, [sample])).map((f) => [
      f.severity,
      /"([^"]+)" is not in/.exec(f.message.en)?.[1],
      f.nearest,
    ])

  test.each([
    ['custmer.name', 'custmer', 'customer'],
    ['customer.nmae', 'customer.nmae', 'name'],
    ['customer.phones.nubmer', 'customer.phones.nubmer', 'number'],
    ['lines[ksu = "X"].sku', 'ksu', 'sku'],
    ['lines.{"k": skku}', 'skku', 'sku'],
    ['$map(lines, function($l) { $l.skuu })', 'skuu', 'sku'],
    ['lines^(skuu)', 'skuu', 'sku'],
    ['$$.custome.name', 'custome', 'customer'],
    ['vip', 'vip', null],
    ['customer.name.first', 'customer.name.first', null],
    ['lines.customr', 'lines.customr', '$$.customer'],
  ])('%s', async (expression, path, near) => {
    expect(await paths(expression)).toEqual([['warning', path, near]])
  })

  test.each([
    'customer.phones[0].number',
    'note.anything',
    'lines.qty',
    '*.name',
    '**.zzz',
    '$.customer',
    'lines@$l.note',
  ])('%s is there, or nobody knows', async (expression) => {
    expect(await paths(expression)).toEqual([])
  })

  test('items of lists, $let and $if; without samples nothing is said', async () => {
    const text = 'fields:\n  rows: { $each: lines, $let: { s: skuu }, $if: qtty > 0, v: $s, w: $$.note }\n'
    expect((await lint(text, [sample])).map((f) => [f.code, f.field, f.nearest])).toEqual([
      ['MAPPING_PATH_UNKNOWN', 'rows.$let.s', 'sku'],
      ['MAPPING_PATH_UNKNOWN', 'rows.$if', 'qty'],
    ])
    expect(await lint(text)).toEqual([])
  })

  test('our own documents are known without samples; what a sample has more counts too', async () => {
    const text = 'fields:\n  a: lines.skuu\n  b: extra.anything\n  c: parcel\n'
    const head = 'from: order\nto: erp/x\n'
    const found = await lint(text, [], head)
    expect(found.map((f) => [f.field, f.nearest])).toEqual([
      ['a', 'sku'],
      ['c', null],
    ])
    expect(found[0]!.message).toEqual({
      en: expect.stringContaining('is not in the document "order"'),
      zh: expect.stringContaining('单据“order”'),
    })
    expect((await lint(text, [{ parcel: 'p' }], head)).map((f) => f.field)).toEqual(['a'])
  })
})

/** What is said of a misspelt name: some are refused when the file is read, the others by the linter. */
async function said(text: string): Promise<string[]> {
  try {
    return (await lint(text)).map((f) => f.message.en)
  } catch (error) {
    expect(error).toMatchObject({ kind: 'config' })
    return [(error as Error).message]
  }
}

describe('names', () => {
  test.each([
    ['$currncy', '$currency'],
    ['$setings.dept', '$settings'],
    ['$mony(a, $currency)', '$money'],
    ['$uppercas(a)', '$uppercase'],
    ['money(a, $currency)', '$money'],
    ['a ~> $trimm', '$trim'],
    ['$map(a, $strng)', '$string'],
    ['$sunstring(?, 2)', '$substring'],
    ['$zzzzzzzz(1)', null],
    ['$constructor', null],
    ['$hasOwnProperty(1)', null],
  ])('%s', async (expression, near) => {
    const text = `let: { currency: c }\nfields:\n  a: ${JSON.stringify(expression)}\n  b: $currency\n`
    const [message, ...others] = await said(text)
    expect(others).toEqual([])
    expect(message).toMatch(/:5:[36]: /)
    if (near) expect(message).toContain(`(did you mean "${near}"?)`)
    else expect(message).not.toContain('did you mean')
  })

  test('every name that is there: context, functions, parameters, bindings, functions as values', async () => {
    const text = `let:
  later: $settings.x
  again: "function($n) { $n > 0 ? $later : $n }"
  rows: $rows($)
fields:
  a: $again(3) & $connection & $entity & $company.zone & $push.key
  b: $map($rows, $string)
  c: "lines@$l#$i.{ 'l': $l.sku, 'i': $i }"
  d: "($x := 1; $f := function($y) { $x + $y }; $f(2))"
  e: $code('t', k) & $hasCodes('t')
  f: "[1] ~> $map(function($v) { $v })"
  g: $substring(?, 1)`
    expect(await lint(text)).toEqual([])
  })

  test('variables that nothing uses', async () => {
    const text = `let:
  used: a
  forgotten: b
  seven: 7
fields:
  x: $used
  list: { $each: l, $let: { y: c, z: d }, v: $z }`
    const found = await lint(text)
    expect(found.map((f) => [f.severity, f.code, f.field, f.line])).toEqual([
      ['warning', 'MAPPING_LET_UNUSED', 'let.forgotten', 5],
      ['warning', 'MAPPING_LET_UNUSED', 'let.seven', 6],
      ['warning', 'MAPPING_LET_UNUSED', 'list.$let.y', 9],
    ])
    expect(await lint('let: { a: b }\nfields: { x: $eval(c) }')).toEqual([])
  })

  test('variables of a file that is extended may be there for what was replaced', async () => {
    writeFileSync(join(folder, 'base.yaml'), 'from: a\nto: b\nlet: { u: x }\nfields: { a: $u }')
    writeFileSync(join(folder, 'upper.yaml'), 'extends: base.yaml\nfields: { a: y }')
    expect(lintMapping(await readMapping(join(folder, 'upper.yaml')))).toEqual([])
  })

  test('a function that nothing calls is looked at all the same', async () => {
    const found = await lint('let: { f: "function($x) { money($x) }" }\nfields: { a: b }')
    expect(codes(found).sort()).toEqual(['MAPPING_FUNCTION_UNKNOWN', 'MAPPING_LET_UNUSED'])
  })
})

describe('fields of the document', () => {
  test('unknown ones are errors with the nearest spelling, absent ones warnings', async () => {
    const text = `fields:
  externalId: a
  totls: { total: 1 }
  buyer: { nmae: b }
  extra: { anything: c }
  entity: d
  lines:
    $each: lines
    skuu: e
    refunded: { $if: f, quantity: g, amount: 1 }`
    const found = await lint(text, [], 'from: acme/order\nto: order\n')
    const unknown = found.filter((f) => f.code === 'MAPPING_FIELD_UNKNOWN')
    expect(unknown.map((f) => [f.severity, f.field, f.line, f.column, f.nearest])).toEqual([
      ['error', 'totls', 5, 3, 'totals'],
      ['error', 'buyer.nmae', 6, 12, 'name'],
      ['error', 'lines.skuu', 11, 5, 'sku'],
    ])
    const absent = found.filter((f) => f.code === 'MAPPING_FIELD_ABSENT')
    expect(absent.map((f) => f.severity)).toEqual(['warning', 'warning', 'warning'])
    expect(absent[0]!.field).toContain('version, number, state')
    expect(absent[1]!.field).toContain('lines.sku')
    expect(absent[2]!.field).toBe('lines.refunded.tax')
  })

  test('other targets take any field', async () => {
    expect(await lint('fields: { whatever: a, n: { m: b } }')).toEqual([])
  })
})

describe('hostile mappings', () => {
  test('functions that call functions many times over end soon', async () => {
    const names = Array.from({ length: 25 }, (_, i) => `f${i}`)
    const lets = names.map((f, i) =>
      i === 0
        ? `  ${f}: "function($x) { $x * 2 }"`
        : `  ${f}: "function($x) { $f${i - 1}($x) + $f${i - 1}($x) }"`,
    )
    const start = Date.now()
    expect(codes(await lint(`let:\n${lets.join('\n')}\nfields: { a: $f24(price) }`))).toContain(
      'MAPPING_UNFINISHED',
    )
    expect(Date.now() - start).toBeLessThan(10_000)
  })

  test('endless recursion, deep nesting and names of prototypes', async () => {
    const deep = `${'['.repeat(150)}x${']'.repeat(150)}`
    const text = `fields:
  a: "($f := function($x) { $f($x) }; $f(1))"
  b: "${deep}"
  c: __proto__.constructor.prototype
  __proto__x: hasOwnProperty
`
    const found = await lint(text, [JSON.parse('{"x":1,"__proto__":{"a":1}}'), Object.create(null)])
    expect(new Set(codes(found))).toEqual(new Set(['MAPPING_PATH_UNKNOWN']))
  })
})
