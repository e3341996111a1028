import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { CONTEXT, readCases } from '../../src/mapping/check.ts'
import { type ExplainedField, explainMapping } from '../../src/mapping/explain-record.ts'
import { readMapping } from '../../src/mapping/read.ts'
import { tryOut } from '../../src/mapping/try-out.ts'

const folder = mkdtempSync(join(tmpdir(), 'tributary-explain-'))
afterAll(() => rmSync(folder, { recursive: true }))
let count = 0

async function explain(text: string, input: unknown) {
  const file = join(folder, `m${count++}.yaml`)
  writeFileSync(file, `from: a\nto: b\n${text}`)
  const { fields, error } = explainMapping(await readMapping(file), input, CONTEXT)
  return { fields, error, of: (field: string) => fields.find((f) => f.field === field)! }
}
const seen = ({ value, sources, missing, variables }: ExplainedField) => ({
  value,
  sources,
  missing,
  variables,
})

describe('where values come from', () => {
  const input = {
    id: 7,
    'odd key': 'k',
    customer: { name: 'Ana', email: null },
    lines: [
      { sku: 'A', price: '1.50', tags: ['x', 'y'] },
      { sku: 'B', price: '2.00', tags: [] },
    ],
  }

  test('fields, objects that are taken whole, what is not there, odd names', async () => {
    const { of } = await explain(
      `fields:
  id: $string(id)
  whole: customer
  first: $firstOf(customer.phone, customer.name)
  odd: '\`odd key\`'
  none: nope.deeper
  constant: "'x'"`,
      input,
    )
    expect(seen(of('id'))).toEqual({ value: '7', sources: ['id'], missing: [], variables: {} })
    expect(of('id')).toMatchObject({ line: 4, column: 7, expression: '$string(id)', failed: false })
    expect(seen(of('whole'))).toMatchObject({ value: input.customer, sources: ['customer'] })
    expect(seen(of('first'))).toMatchObject({ sources: ['customer.name'], missing: ['customer.phone'] })
    expect(of('odd')).toMatchObject({ value: 'k', sources: ['`odd key`'] })
    expect(seen(of('none'))).toEqual({ value: undefined, sources: [], missing: ['nope'], variables: {} })
    expect(seen(of('constant'))).toMatchObject({ value: 'x', sources: [], missing: [] })
  })

  test('items have their own numbers, also under $if and in nested lists', async () => {
    const { fields, of } = await explain(
      `fields:
  rows:
    $each: lines
    $if: price > '1.6' or sku = 'A'
    sku: sku
    tags: { $each: tags, t: $ }
  dear: lines[price = '2.00'].sku
  all: $join(lines.sku)`,
      input,
    )
    expect(seen(of('rows[0].sku'))).toMatchObject({ value: 'A', sources: ['lines[0].sku'] })
    expect(seen(of('rows[1].sku'))).toMatchObject({ value: 'B', sources: ['lines[1].sku'] })
    expect(of('rows[1].$if').value).toBe(true)
    expect(of('rows[0].tags[1].t').value).toBe('y')
    expect(fields.some((f) => f.field.startsWith('rows[1].tags['))).toBe(false)
    expect(of('dear').sources).toEqual(['lines[*].price', 'lines[1].sku'])
    expect(of('all')).toMatchObject({ value: 'AB', sources: ['lines[*].sku'] })
  })

  test('through variables, functions and computed items', async () => {
    const { of } = await explain(
      `let:
  cur: "'EUR'"
  who: customer.name
  greet: "function($x) { 'Hi ' & $x & $who }"
  made: "lines.{ 'n': sku }"
fields:
  a: $who
  b: $greet(id)
  rows: { $each: $made, n: n }`,
      input,
    )
    expect(seen(of('a'))).toMatchObject({ value: 'Ana', sources: [], variables: { who: ['customer.name'] } })
    expect(seen(of('b'))).toMatchObject({
      value: 'Hi 7Ana',
      sources: ['id'],
      variables: { who: ['customer.name'] },
    })
    expect(of('let.greet').value).toBe('(function)')
    expect(seen(of('rows[1].n'))).toMatchObject({ value: 'B', variables: { made: ['lines[*].sku'] } })
  })

  test('the expression that fails is marked, those before it are there', async () => {
    const { fields, error, of } = await explain('fields:\n  a: id\n  b: customer.name + 1\n  c: id', input)
    expect(error).toBeInstanceOf(Error)
    expect(of('a').failed).toBe(false)
    expect(of('b')).toMatchObject({ failed: true, sources: ['customer.name'] })
    expect(fields).toHaveLength(2)
  })

  test('the input is not changed, and hostile keys are only keys', async () => {
    const hostile = JSON.parse('{"__proto__": {"x": 1}, "constructor": "c", "a.b": {"`": 2}}')
    const before = JSON.stringify(hostile)
    const { of } = await explain(
      'fields:\n  a: __proto__.x\n  b: constructor\n  c: toString\n  d: "$keys($)"\n  e: "*"',
      hostile,
    )
    expect(of('a')).toMatchObject({ value: 1, sources: ['__proto__.x'] })
    expect(of('b')).toMatchObject({ value: 'c', sources: ['constructor'] })
    expect(of('c').value).toBeUndefined()
    expect(JSON.stringify(hostile)).toBe(before)
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  test('a predicate over long lists reads much and is told in few words', async () => {
    const many = Array.from({ length: 400 }, (_, i) => ({ k: i }))
    const { of } = await explain('fields: { a: "$count(many.($x := k; $$.many[k = $x]))" }', { many })
    expect(of('a')).toMatchObject({ value: 400, sources: ['many[*].k'] })
  })
})

describe('what is told is what happens', () => {
  const root = resolve('mappings')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.test.yaml'),
  )
  test.each(files)(
    '%s: every case ends alike, and the fields hold the values of the result',
    async (file) => {
      for (const one of await readCases(join(root, file))) {
        const read = await readMapping(one.mapping)
        const { result, problem } = await tryOut(read, one.input, one.context)
        const { fields, error } = explainMapping(read, one.input, one.context)
        if (result === undefined && problem?.code !== 'MAPPING_REQUIRED') {
          expect((error as { code: string }).code).toBe(problem!.code)
          expect(fields.at(-1)!.failed || fields.some((f) => f.failed)).toBe(true)
          continue
        }
        expect(error).toBeNull()
        for (const { field, value } of fields.filter(
          (f) => /^[\w.[\]]+$/.test(f.field) && !f.field.startsWith('let.'),
        )) {
          const at = at1(result, field)
          if (at !== SKIP) expect(at, field).toEqual(value)
        }
      }
    },
  )
})

const SKIP = Symbol('a list of several parts is flat in the result')

/** `lines[0].sku` in the result; numbers of the file itself are not those of the result. */
function at1(result: unknown, field: string): unknown {
  if (result === undefined || /\.\d+(\.|\[|$)/.test(field)) return SKIP
  let at = result as Record<string, unknown> | undefined
  for (const step of field.split(/[.[\]]+/).filter((s) => s !== '')) at = at?.[step] as never
  return at
}
