/** Random expressions and inputs, and what the `jsonata` package and the compiler make of them. */
import fc from 'fast-check'
import jsonata from 'jsonata'
import { compileExpression } from '../../src/expression/compile.ts'

const FIELDS = ['a', 'b', 'c', 'd', '`a b`']
const UNARY =
  `sum count max min average string length lowercase uppercase trim number floor ceil round abs boolean not keys
  exists spread merge reverse type sort distinct zip base64encode encodeUrl single append each sift map filter
  sqrt clone lookup substring split join contains match replace formatBase pad power toMillis fromMillis
  formatInteger substringBefore`.split(/\s+/)
const BINARY = '+ - * / % = != < <= > >= & and or in ?? ?: ~>'.split(' ')
const LAMBDAS = [
  'function($x){$x}',
  'function($x,$i){$i}',
  'function($x){$x.a}',
  'function($x){$keys($x)}',
  'function($x,$y){$x & $y}',
  'function($x,$y){$x > $y}',
  'function($x,$y,$z){$count($z)}',
  'function($x)<s-:s>{$x}',
  'function($x)<n:n>{$x}',
  'function($x)<a<n>:n>{$sum($x)}',
  'function(){$}',
  'function($x){$type($x) = "number" ? $x + 1 : $string($x)}',
  '$string',
  '$uppercase',
  '$sum',
  '$append(?, 1)',
  '$append(1, ?)',
  '/[ab]/',
  '/(t)(e)?/i',
  '|$|{"n": 1}|',
  '|a|{"n": b}, "c"|',
]

/** The source of one expression. */
export const sources: fc.Arbitrary<string> = fc.letrec<{ s: string }>((tie) => {
  const s = tie('s')
  const two = fc.tuple(s, s)
  const lambda = fc.oneof(
    fc.constantFrom(...LAMBDAS),
    s.map((b) => `function($x, $i){${b}}`),
    s.map((b) => `function($x){(${b}; $v)}`),
  )
  const leaf = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...FIELDS) },
    {
      weight: 5,
      arbitrary: fc.constantFrom(
        '$',
        '$$',
        '$v',
        '$w',
        '$x',
        '*',
        '**',
        '%',
        '%.a',
        '1',
        '0',
        '-1',
        '1.5',
        '2',
      ),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom('"t"', '"a"', '""', '"x y"', 'null', 'true', 'false', '[]', '{}', '()'),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('[1..3]', '[0..-1]', '"2020-01-02"', '1e300', '[[1,2],[3]]', '"2"'),
    },
  )
  return {
    s: fc.oneof(
      { maxDepth: 4, depthSize: 'medium', withCrossShrink: true },
      leaf,
      { weight: 4, arbitrary: fc.tuple(s, leaf).map(([l, r]) => `${l}.${r}`) },
      { weight: 2, arbitrary: two.map(([l, r]) => `(${l}).(${r})`) },
      { weight: 2, arbitrary: two.map(([l, r]) => `${l}.${r}`) },
      {
        weight: 3,
        arbitrary: fc.tuple(fc.constantFrom(...FIELDS, '$', '$v'), s).map(([l, r]) => `${l}[${r}]`),
      },
      fc.tuple(s, s).map(([l, r]) => `(${l})[${r}]`),
      s.map((l) => `${l}[]`),
      s.map((l) => `(${l})[]`),
      {
        weight: 4,
        arbitrary: fc.tuple(s, fc.constantFrom(...BINARY), s).map(([l, o, r]) => `(${l} ${o} ${r})`),
      },
      { weight: 2, arbitrary: fc.array(s, { maxLength: 3 }).map((l) => `[${l.join(',')}]`) },
      fc.tuple(s, s).map(([l, r]) => `[${l}..${r}]`),
      { weight: 2, arbitrary: two.map(([l, r]) => `{"k": ${l}, "l": ${r}}`) },
      two.map(([l, r]) => `{$string(${l}): ${r}}`),
      fc.tuple(s, s, s).map(([p, l, r]) => `${p}{$string(${l}): ${r}}`),
      { weight: 2, arbitrary: two.map(([l, r]) => `($v := ${l}; ${r})`) },
      fc.tuple(s, s, s).map(([c, l, r]) => `(${c} ? $w := ${l}; ${r})`),
      { weight: 2, arbitrary: fc.tuple(s, s, s).map(([c, t, e]) => `(${c} ? ${t} : ${e})`) },
      s.map((l) => `-(${l})`),
      { weight: 5, arbitrary: fc.tuple(fc.constantFrom(...UNARY), s).map(([f, x]) => `$${f}(${x})`) },
      {
        weight: 3,
        arbitrary: fc.tuple(fc.constantFrom(...UNARY), s, s).map(([f, x, y]) => `$${f}(${x}, ${y})`),
      },
      fc
        .tuple(fc.constantFrom('replace', 'reduce', 'substring', 'pad', 'split', 'match'), s, s, s)
        .map(([f, x, y, z]) => `$${f}(${x}, ${y}, ${z})`),
      fc.constantFrom(...UNARY).map((f) => `$${f}()`),
      {
        weight: 4,
        arbitrary: fc
          .tuple(
            fc.constantFrom('map', 'filter', 'reduce', 'sort', 'each', 'sift', 'single', 'contains', 'match'),
            s,
            lambda,
          )
          .map(([f, x, l]) => `$${f}(${x}, ${l})`),
      },
      fc.tuple(s, lambda).map(([x, l]) => `(${x} ~> ${l})`),
      fc.tuple(s, fc.constantFrom(...UNARY)).map(([x, f]) => `(${x} ~> $${f})`),
      fc.tuple(lambda, lambda, s).map(([f, h, x]) => `($f := ${f} ~> ${h}; $f(${x}))`),
      fc.tuple(lambda, s).map(([f, x]) => `($f := ${f}; $f(${x}))`),
      fc.tuple(lambda, s, s).map(([f, x, y]) => `(${f})(${x}, ${y})`),
      fc.tuple(s, s).map(([p, t]) => `${p}^(${t})`),
      fc.tuple(s, s, s).map(([p, t, u]) => `${p}^(>${t}, ${u})`),
      fc.tuple(s, s).map(([p, n]) => `${p}@$v.${n}`),
      fc.tuple(s, s).map(([p, n]) => `${p}#$w.${n}`),
      fc.tuple(s, s).map(([p, n]) => `${p}#$w[${n}]`),
      fc.tuple(s, s).map(([p, u]) => `(${p} ~> |a|${u}|)`),
      fc.tuple(s, s).map(([t, x]) => `$eval(${JSON.stringify(t)}, ${x})`),
      s.map((t) => `$eval(${JSON.stringify(t)})`),
    ),
  }
}).s

const value = fc.letrec((tie) => ({
  v: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, 0, 1, 2, -1.5, '', 't', 'Ab', 'a b', true, false, '2'),
    fc.array(tie('v'), { maxLength: 3 }),
    {
      weight: 2,
      arbitrary: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'a b'), tie('v'), { noNullPrototype: true }),
    },
  ),
})).v

/** Inputs: mostly objects. */
export const inputs: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value, { noNullPrototype: true }),
  },
  { weight: 1, arbitrary: value },
)

/** What came out, as text that can be compared; functions are only named as such. */
function shown(value: unknown): string {
  return JSON.stringify(value === undefined ? { nothing: true } : { value }, (_, v) => {
    if (typeof v === 'function' || v?._jsonata_lambda || v?._jsonata_function) return '(function)'
    return v === undefined ? '(nothing)' : typeof v === 'number' && !Number.isFinite(v) ? `(${v})` : v
  })
}

/** An outcome: what came out, or the code of the error. Null: the package failed by accident, so anything is right. */
export type Outcome = { text: string } | { code: string } | null

/** Null also for what does not parse, and where the package changed the input (it adds to empty lists that it groups). */
export async function reference(source: string, input: unknown): Promise<Outcome> {
  const copy = structuredClone(input)
  try {
    const text = shown(await jsonata(source, { timeout: 2000 }).evaluate(copy, { v: [1, { a: 2 }] }))
    return shown(copy) === shown(input) ? { text } : null
  } catch (error) {
    const { code, error: inner } = error as { code?: string; error?: { code?: string } }
    const accident = code === 'D3121' && inner && !inner.code
    if (!code || accident || code.startsWith('S') || code === 'D1012') return null
    if (shown(copy) !== shown(input)) return null
    return { code }
  }
}

export function compiled(source: string, input: unknown): Outcome {
  try {
    const run = compileExpression(source, { limits: { timeout: 2000 } })
    return { text: shown(run(structuredClone(input), { v: [1, { a: 2 }] })) }
  } catch (error) {
    const { code } = error as { code?: string }
    if (!code) throw error
    return { code }
  }
}
