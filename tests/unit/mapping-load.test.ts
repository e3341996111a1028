import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { MapContext } from '../../src/core/ports.ts'
import { checkMapping, readCases, runCase } from '../../src/mapping/check.ts'
import { loadMapping } from '../../src/mapping/load.ts'

const folder = await mkdtemp(path.join(tmpdir(), 'tributary-mapping-'))
afterAll(() => rm(folder, { recursive: true }))
let count = 0
async function file(text: string, name = `m${count++}.yaml`): Promise<string> {
  const full = path.join(folder, name)
  await writeFile(full, text)
  return full
}
const context: MapContext = {
  connection: 'c1',
  entity: 'e1',
  settings: { dept: 'D' },
  company: { zone: 'Asia/Shanghai', currency: 'CNY' },
  push: { key: 'P1', revision: 2 },
  codes: { unit: { pc: 'EA' } },
}
const head = 'from: a\nto: b\n'
const map = async (fields: string, input: unknown = {}) =>
  JSON.parse(JSON.stringify(await (await loadMapping(await file(`${head}${fields}`))).map(input, context)))

describe('fields', () => {
  test('expressions, literals, nesting, context', async () => {
    const fields = `fields:
  a: x.y
  n: 7
  yes: true
  none: null
  deep: { k: "'text'", d: $settings.dept }
  who: $connection & '/' & $entity & '/' & $push.key
  gone: not.there`
    expect(await map(fields, { x: { y: 'Y' } })).toEqual({
      a: 'Y',
      n: 7,
      yes: true,
      none: null,
      deep: { k: 'text', d: 'D' },
      who: 'c1/e1/P1',
    })
  })

  test.each([
    ['several', [{ v: 1 }, { v: 2 }], [{ v: 1 }, { v: 2 }]],
    ['one in a list', [{ v: 1 }], [{ v: 1 }]],
    ['one without a list', { v: 1 }, [{ v: 1 }]],
    ['an empty list', [], []],
    ['nothing', undefined, []],
    ['null', null, []],
    ['nulls among them', [null, { v: 1 }], [{ v: 1 }]],
    ['items that give nothing', [{ w: 1 }], [{}]],
  ])('$each is always a list: %s', async (_, items, expected) => {
    expect(await map('fields:\n  list: { $each: items, v: v }', { items })).toEqual({ list: expected })
  })

  test('$each of plain values, $let, $if and the outer order', async () => {
    const fields = `let: { cur: currency }
fields:
  list:
    $each: items
    $let: { double: $ * 2 }
    $if: $double > 2
    v: $string($double) & $cur
  plain: { $each: items, $value: $ + 1 }`
    const expected = { list: [{ v: '4X' }, { v: '6X' }], plain: [2, 3, 4] }
    expect(await map(fields, { currency: 'X', items: [1, 2, 3] })).toEqual(expected)
  })

  test('a list of several parts is one flat list', async () => {
    const fields = `fields:
  rows:
    - { $each: lines, ref: id }
    - { $if: freight > 0, ref: "'shipping'" }
    - { $each: fees, ref: "'fee:' & n" }
    - { ref: "'end'" }`
    expect(await map(fields, { lines: [{ id: 'a' }, { id: 'b' }], freight: 0, fees: { n: 1 } })).toEqual({
      rows: [{ ref: 'a' }, { ref: 'b' }, { ref: 'fee:1' }, { ref: 'end' }],
    })
  })

  test('$if leaves an object out, $default stands in', async () => {
    const fields = `fields:
  gone: { $if: no, a: 1 }
  there: { $if: yes, a: 1 }
  other: { $if: no, a: 1, $default: { b: 2 } }
  value: { $value: empty, $default: "'-'" }`
    expect(await map(fields, { yes: true, empty: '' })).toEqual({
      there: { a: 1 },
      other: { b: 2 },
      value: '-',
    })
  })

  test('a name that needs quoting, and one that looks like code', async () => {
    expect(await map('fields: { "@id": k, "a\\"b": k, __proto__x: k }', { k: 1 })).toEqual({
      '@id': 1,
      'a"b': 1,
      __proto__x: 1,
    })
  })

  test('concurrent records do not see each other', async () => {
    const mapping = await loadMapping(await file(`${head}let: { v: x }\nfields: { a: $v, c: $connection }`))
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, x) => mapping.map({ x }, { ...context, connection: `c${x}` })),
    )
    expect(all.map((r) => ({ ...(r as object) }))).toEqual(
      Array.from({ length: 50 }, (_, x) => ({ a: x, c: `c${x}` })),
    )
  })
})

describe('extends and version', () => {
  test('fields are overridden one by one; the hash covers both files', async () => {
    const base = await file(
      `${head}require: [a]\nlet: { u: "1" }\nfields: { a: x, deep: { b: "$u", c: "2" } }`,
      'base.yaml',
    )
    const upper = await file('extends: base.yaml\nfields: { deep: { c: "3" }, d: "4" }')
    const one = await loadMapping(upper)
    expect(await one.map({ x: 'X' }, context)).toEqual({ a: 'X', deep: { b: 1, c: 3 }, d: 4 })
    await expect(one.map({}, context)).rejects.toMatchObject({ code: 'MAPPING_REQUIRED' })
    expect(one.version).toMatch(/^[0-9a-f]{12}$/)
    await writeFile(base, `${head}fields: { a: x, deep: { b: "9" } }`)
    const two = await loadMapping(upper)
    expect(two.version).not.toBe(one.version)
    expect((await loadMapping(upper)).version).toBe(two.version)
    expect(two.id).toBe(`${path.basename(folder)}/${path.basename(upper, '.yaml')}`)
  })

  test('a circle is refused', async () => {
    await file('extends: round2.yaml\nfields: { a: b }', 'round1.yaml')
    const two = await file('extends: round1.yaml\nfields: { a: b }', 'round2.yaml')
    await expect(loadMapping(two)).rejects.toThrow('circle')
  })
})

describe('mistakes in the file', () => {
  test.each([
    ['fields:\n  a: 1\n  b: x[', 'MAPPING_SYNTAX', /:5:6: fields\.b: not a JSONata expression/],
    ['fields:\n  a: { $eech: x, b: c }', 'MAPPING_SHAPE', /:4:8: fields\.a\.\$eech: \$eech is not known/],
    ['fields:\n  a: { $each: x }', 'MAPPING_SHAPE', /:4:3: fields\.a: it has no fields/],
    [
      'fields:\n  a: { $each: { b: c }, d: e }',
      'MAPPING_SHAPE',
      /fields\.a\.\$each: it must be an expression/,
    ],
    ['let: { "a b": c }\nfields: { a: b }', 'MAPPING_SHAPE', /let\.a b: a variable is named/],
    ['fields:\n  a: { $eech: x, b: c }', 'MAPPING_SHAPE', /:4:8: .*\(did you mean "\$each"\?\)/],
    [
      'fields:\n  a: { $wenn: x, b: c }',
      'MAPPING_SHAPE',
      /there are \$each, \$if, \$default, \$value, \$let/,
    ],
    ['fields:\n  a: { $value: x, b: c }', 'MAPPING_SHAPE', /:4:19: fields\.a\.b: it stands beside \$value/],
    ['fields:\n  a: { $if: [x], b: c }', 'MAPPING_SHAPE', /:4:8: fields\.a\.\$if: it must be an expression/],
    ['fields:\n  a: { $let: x, b: c }', 'MAPPING_SHAPE', /fields\.a\.\$let: it must be a map of names/],
    [
      'let: { cur: x }\nfields:\n  a: $mony(b, $cur)',
      'MAPPING_SHAPE',
      /:5:3: fields\.a: \$mony is not known \(did you mean "\$money"\?\)/,
    ],
    ['let: { cur: x }\nfields:\n  a: $money(b, $crr)', 'MAPPING_SHAPE', /\(did you mean "\$cur"\?\)/],
    ['let: { a: $b, b: c }\nfields: { a: d }', 'MAPPING_SHAPE', /:3:8: let\.a: \$b is not known/],
    [
      'fields:\n  l: { $each: x, $let: { one: y }, a: $one }\n  b: $one',
      'MAPPING_SHAPE',
      /:5:3: fields\.b: \$one is not known/,
    ],
    ['fields:\n  a: $qqqqqqqqq', 'MAPPING_SHAPE', /\$qqqqqqqqq is not known$/],
    ['let: { sum: x }\nfields: { a: b }', 'MAPPING_SHAPE', /let\.sum: \$sum has a meaning of its own/],
    ['fields: { l: { $each: x, $let: { items: y }, a: b } }', 'MAPPING_SHAPE', /\$items has a meaning/],
    ['let: { settings: x }\nfields: { a: b }', 'MAPPING_SHAPE', /\$settings has a meaning/],
    [
      'require: [lines.skuu]\nfields: { lines: { $each: x, sku: y } }',
      'MAPPING_SHAPE',
      /:3:11: require\.0: no field lines\.skuu is made \(did you mean "sku"\?\)/,
    ],
    ['feilds:\n  a: b', 'YAML_UNKNOWN_KEY', /:3:1: feilds is not known here \(did you mean "fields"/],
    ['fields:\n  a: b\n  a: c', 'YAML_DUPLICATE_KEY', /:5:3/],
    ['require: []', 'MAPPING_SHAPE', /"fields" is missing/],
  ])('%j', async (text, code, says) => {
    const full = await file(`${head}${text}`)
    const problems = await checkMapping(full)
    expect(problems).toMatchObject([{ code, kind: 'config' }])
    expect(problems[0]!.message).toMatch(says)
    await expect(loadMapping(full)).rejects.toMatchObject({ code })
  })

  test('a file that is not there', async () => {
    await expect(loadMapping(path.join(folder, 'no.yaml'))).rejects.toMatchObject({
      code: 'MAPPING_UNREADABLE',
    })
  })
})

describe('names', () => {
  test.each([
    ['bound in the expression', '($a := x; $a)', 1],
    ['arguments of its functions', '($f := function($n) { $n + x }; $f(1))', 2],
    ['of @ and #', '[l@$v#$i.{"v": $v.k, "i": $i}]', [{ v: 7, i: 0 }]],
    ['of the record and the input', '$.x + $$.x', 2],
    ['of JSONata, as values', '$map([x], $string)', '1'],
    ['of partial application', '($f := $substring(?, 0, 1); $f("ab"))', 'a'],
    [
      'of the context',
      '$connection & $company.zone & $entity & $push.key & $settings.dept',
      'c1Asia/Shanghaie1P1D',
    ],
  ])('%s are known', async (_, expression, expected) => {
    const fields = `fields:\n  a: ${JSON.stringify(expression)}`
    expect(await map(fields, { x: 1, l: [{ k: 7 }] })).toEqual({ a: expected })
  })

  test('required fields that an expression may hold are not refused', async () => {
    const text =
      'require: [a.b, c.d, e.f]\nfields:\n  a: x\n  c: { $value: x }\n  e: { $if: no, g: "1", $default: x }'
    expect(await map(text, { x: { b: 1, d: 2, f: 3 } })).toMatchObject({ e: { f: 3 } })
  })
})

describe('records that cannot be mapped', () => {
  test.each([
    [
      'fields:\n  a: 1\n  b:\n    c: $money(x, "USD")',
      { x: '1.005' },
      'MAPPING_VALUE',
      /:6: b\.c: \$money cannot use text of 5 characters: more than 2 decimals/,
    ],
    ['fields:\n  a: $money(x, "XXX1")', { x: '1' }, 'MAPPING_VALUE', /ISO 4217/],
    ['fields:\n  a: x + 1', { x: 'Zhang San' }, 'MAPPING_FAILED', /:4: a: the expression failed.*number/],
    ['fields:\n  a: $number(x)', { x: 'Zhang San' }, 'MAPPING_FAILED', /\(text of 9 characters\)/],
    ['let:\n  v: $error("no")\nfields:\n  a: $v', {}, 'MAPPING_FAILED', /:4: v: .*no/],
    [
      'fields:\n  a: $code("unit", x)',
      { x: 'box' },
      'MAPPING_CODE_MISSING',
      /"unit" has no entry for "box" \(.*:4, a\)/,
    ],
    [
      'require: [list.v]\nfields:\n  list: { $each: x, v: v }',
      { x: [{ v: 1 }, {}] },
      'MAPPING_REQUIRED',
      /list\.1\.v is required.*line 5: v/,
    ],
    [
      'require: [deep.er]\nfields: { deep: { er: x } }',
      { x: '' },
      'MAPPING_REQUIRED',
      /deep\.er is required/,
    ],
  ])('%j', async (text, input, code, says) => {
    const failed = map(text, input)
    await expect(failed).rejects.toMatchObject({ code, kind: 'input' })
    await expect(failed).rejects.toThrow(says)
    await failed.catch((error: Error) => expect(error.message).not.toContain('Zhang'))
  })

  test('an expression without end is stopped', async () => {
    const text = 'fields:\n  a: "($f := function($n) { $f($n + 1) }; $f(0))"'
    const mapping = await loadMapping(await file(`${head}${text}`), { timeout: 200 })
    await expect(mapping.map({}, context)).rejects.toMatchObject({ code: 'MAPPING_FAILED' })
  })
})

describe('cases beside a mapping', () => {
  test('the three ways to expect, and a case that is written wrongly', async () => {
    await file(`${head}require: [a]\nfields: { a: x, list: { $each: l, v: v } }`, 'c.yaml')
    const cases = await readCases(
      await file(
        `cases:
  - { name: whole, input: { x: 1 }, expect: { a: 1, list: [] } }
  - { name: part, input: { x: 1, l: [{ v: 2 }] }, expectPart: { list: [{ v: 2 }] } }
  - { name: error, input: {}, expectError: { code: MAPPING_REQUIRED, says: a is required } }
  - { name: wrong, input: { x: 1, l: [{ v: 2 }] }, expectPart: { list: [] } }`,
        'c.test.yaml',
      ),
    )
    const results = await Promise.all(cases.map(runCase))
    expect(results.map((r) => JSON.stringify(r.expected) === JSON.stringify(r.found))).toEqual([
      true,
      true,
      true,
      false,
    ])
    await file(`${head}fields: { a: x }`, 'd.yaml')
    const bad = await file('cases:\n  - { name: n, input: 1, expect: 1, expectPart: 1 }', 'd.test.yaml')
    await expect(readCases(bad)).rejects.toThrow(':2:')
  })
})
