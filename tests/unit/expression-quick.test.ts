/** The quick evaluator is held against the `jsonata` package: where it answers, it answers the same. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import jsonata from 'jsonata'
import { describe, expect, test } from 'vitest'
import { compileQuick } from '../../src/expression/quick.ts'
import { NotQuick } from '../../src/expression/sequence.ts'

const plain = (value: unknown) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))
const functions = { twice: (x: number) => x * 2, list: (x: unknown) => [x].flat() }

/** What both give; `quick` is null where it does not answer. */
async function both(source: string, input: unknown, bindings: Record<string, unknown> = {}) {
  const expression = jsonata(source, { timeout: 30_000 })
  for (const [name, work] of Object.entries(functions)) expression.assign(name, work)
  let quick: { value: unknown } | null = null
  let reason = ''
  try {
    const run = await compileQuick(expression.ast(), functions)
    quick = { value: plain(run(structuredClone(input), bindings)) }
  } catch (error) {
    if (!(error instanceof Error) && !(error as { code?: string }).code) throw error
    reason = String((error as Error).message)
  }
  if (quick === null) return { quick, reference: null, reason }
  const reference = await expression.evaluate(structuredClone(input), bindings).then(
    (value) => ({ value: plain(value) }),
    () => null,
  )
  return { quick, reference, reason }
}

const DATA = {
  a: { b: [{ c: 1, d: ['x'] }, { c: 2, d: [] }, { c: [3, 4] }], n: null, s: 'text', e: '' },
  one: [{ v: 1 }],
  none: [],
  nested: [[1, 2], [3]],
  flag: true,
  zero: 0,
}

describe('the common part', () => {
  test.each([
    'a.b.c',
    'a.b.d',
    'a.b[0].c',
    'a.b[-1].c',
    'a.b.c[0]',
    'a.b[c = 2].c',
    'a.b[$exists(d) and c = 1].c',
    'one.v',
    'one[0].v',
    '[one.v]',
    'none',
    '$count(none)',
    '$exists(none.x)',
    'nested',
    'nested.$',
    '[nested, 4]',
    '[[1], 2]',
    'missing.x',
    'a.n.x',
    'a.n = null',
    'missing = null',
    'missing != 1',
    "a.s & '-' & zero & missing",
    'flag ? a.s : 1',
    'missing ? 1',
    'a.e ?: a.s',
    'missing ?? a.s',
    'a.n ?? 1',
    "{'x': a.s, 'gone': missing, 'n': a.n}",
    "a.b.{'k': c}",
    "$list(one).($w := v; {'w': $w, 'outer': $$.a.s})",
    '($x := 1; $y := ($x := 5; $x + 1); $x + $y)',
    '($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(10))',
    '($k := 3; $f := function($x) { $x + $k }; a.b.c.$f($))',
    '$sum(a.b.c)',
    '$string(a.b.c)',
    '$lookup(a, "s")',
    '$number("12.5") + 1',
    '$twice(zero + 2)',
    '$given.x',
    '-zero',
    '-(1 + 2) * 3 / 2 % 2',
    'zero in [0, 1]',
    'a.b.c in 3',
    '$not(a.b[c = 9])',
    'a.b[$$.flag].c',
    '$append(a.b.c, "z")',
    '($list := $list(one); $count := $count($list); $list.v + $count)',
  ])('%s', async (source) => {
    const { quick, reference, reason } = await both(source, DATA, { given: { x: 'X' } })
    expect(reason).toBe('')
    expect(quick).toEqual(reference)
  })

  test.each([
    'a.*',
    '**.c',
    'a.b^(c)',
    'a.b#$i.c',
    'a ~> $string()',
    '$map(a.b, function($x) { $x })',
    '/x/',
    'a.b.c[]',
    '$now()',
    '$error("no")',
  ])('%s is left to the interpreter', async (source) => {
    await expect(compileQuick(jsonata(source).ast(), functions)).rejects.toThrow(NotQuick)
  })

  test.each([
    'a.s + 1',
    'flag > 1',
    '$number("x")',
    '$nobody()',
    '($f := function($n) { $f($n + 1) }; $f(0))',
    '($f := function($n) { $n < 2 ? 1 : $f($n - 1) + $f($n - 2) }; $f(60))',
  ])('%s fails quickly too, so the interpreter says why', async (source) => {
    const run = await compileQuick(jsonata(source).ast(), functions)
    expect(() => run(DATA, {})).toThrow()
  })
})

/** JSONata refuses some steps when it parses. */
function parses(source: string): boolean {
  try {
    jsonata(source)
    return true
  } catch (error) {
    if ((error as { code?: string }).code) return false
    throw error
  }
}

describe('differences', () => {
  const leaf = fc.constantFrom('a', 'b', 'c', '$', '$$', '1', '0', '"t"', 'null', 'true', '$v', '[]', '{}')
  const { source } = fc.letrec<{ source: string }>((tie) => ({
    source: fc.oneof(
      { maxDepth: 4, depthSize: 'medium' },
      leaf,
      fc.tuple(tie('source'), leaf).map(([l, r]) => `${l}.${r}`),
      fc.tuple(tie('source'), tie('source')).map(([l, r]) => `(${l}).(${r})`),
      fc.tuple(leaf, tie('source')).map(([l, r]) => `${l}[${r}]`),
      fc
        .tuple(
          tie('source'),
          fc.constantFrom('+', '-', '=', '!=', '<', '&', 'and', 'or', 'in', '??', '?:'),
          tie('source'),
        )
        .map(([l, o, r]) => `(${l} ${o} ${r})`),
      fc.array(tie('source'), { maxLength: 3 }).map((l) => `[${l.join(',')}]`),
      tie('source').map((s) => `{"k": ${s}, "l": a}`),
      fc.tuple(tie('source'), tie('source')).map(([l, r]) => `($v := ${l}; ${r})`),
      fc.tuple(tie('source'), tie('source'), tie('source')).map(([c, t, e]) => `(${c} ? ${t} : ${e})`),
      fc
        .tuple(fc.constantFrom('count', 'exists', 'not', 'string', 'list', 'boolean'), tie('source'))
        .map(([f, s]) => `$${f}(${s})`),
    ),
  }))
  const value = fc.letrec((tie) => ({
    v: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, 0, 1, '', 't', true, false),
      fc.array(tie('v'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('v'), { noNullPrototype: true }),
    ),
  })).v
  const input = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value, { noNullPrototype: true })

  test('random expressions on random data: never another answer', { timeout: 60_000 }, async () => {
    let answered = 0
    await fc.assert(
      fc.asyncProperty(source, input, async (text, data) => {
        fc.pre(parses(text))
        const { quick, reference } = await both(text, data, { v: 7 })
        if (quick === null) return
        answered++
        expect(quick).toEqual(reference)
      }),
      { numRuns: 4000 },
    )
    expect(answered).toBeGreaterThan(1500)
  })

  const suite = path.resolve(import.meta.dirname, '../../../shared/conformance/jsonata')
  test.skipIf(!existsSync(suite))(
    'the reference suite (needs ../shared/conformance): never another answer',
    { timeout: 60_000 },
    async () => {
      const read = (name: string) => JSON.parse(readFileSync(path.join(suite, name), 'utf8'))
      const datasets = read('datasets.json')
      let answered = 0
      for (const one of read('cases.json')) {
        const data = one.dataset ? datasets[one.dataset] : one.data
        if (!parses(one.expr) || /random|millis|now|shuffle/.test(one.expr)) continue
        const { quick, reference } = await both(one.expr, data, one.bindings ?? {})
        if (quick === null) continue
        answered++
        expect(quick, `${one.id}: ${one.expr}`).toEqual(reference)
      }
      expect(answered).toBeGreaterThan(300)
    },
  )
})
