/**
 * Random expressions on random data: the compiler gives what the `jsonata` package gives. Every change is judged by
 * the same expressions; EXPRESSION_FUZZ_MINUTES looks for new ones, EXPRESSION_FUZZ_SEED repeats what it found.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Node, parse, walk } from '../../src/expression/ast.ts'
import { compiled, inputs, type Outcome, reference, sources } from './expression-grammar.ts'

const minutes = Number(process.env.EXPRESSION_FUZZ_MINUTES ?? 0)
const first = Number(
  process.env.EXPRESSION_FUZZ_SEED ?? (minutes > 0 ? Date.now() % 1_000_000_000 : 20260101),
)

/** Where several parts fail, the package evaluates some at the same time and may report another failure first. */
function same(source: string, wanted: Outcome, found: Outcome): boolean {
  if (wanted && found && 'code' in wanted && 'code' in found) {
    return wanted.code === found.code || /[{,]/.test(source)
  }
  // The package adds an item to an empty list that it groups, also in what the expression made.
  const text = (outcome: Outcome) => JSON.stringify(outcome).replaceAll('[\\"(nothing)\\"]', '[]')
  return text(wanted) === text(found)
}

/** A call in the last place of a lambda, which the package leaves to the caller. */
const left = (node: Node): Node[] => {
  if (node.type === 'lambda' && node.thunk) return [node.body!]
  if (node.type === 'condition') return [node.then, node.else].flatMap((n) => (n ? left(n) : []))
  return node.type === 'block' ? node.expressions!.slice(-1).flatMap(left) : []
}

/** A predicate, a group or `[]` behind brackets in the last place is applied to the call that was left, not to its value. */
const misled = (node: Node): boolean => {
  if (node.predicate || node.group || node.keepArray) return left(node).length > 0
  if (node.type === 'condition') return [node.then, node.else].some((n) => n && misled(n))
  return node.type === 'block' && node.expressions!.slice(-1).some(misled)
}

/** What the package does by accident; decision 10 lists it. */
function isKnown(source: string): boolean {
  let known = false
  walk(parse(source), (node) => {
    if (node.type !== 'lambda' || node.thunk) return
    // An $eval that is left to the caller sees the caller's variables.
    known ||= misled(node.body!) || left(node.body!).some((n) => n.procedure?.value === 'eval')
  })
  // Texts given to $eval are not looked into, nor are bindings of % within predicates and groups.
  const inside = source.includes('$eval') && source.includes('function(')
  return known || inside || (source.includes('%') && /[)\]`a-d][[{]/.test(source))
}

async function round(seed: number, runs: number): Promise<number> {
  let answered = 0
  for (const [source, input] of fc.sample(fc.tuple(sources, inputs), { seed, numRuns: runs })) {
    const wanted = await reference(source, input)
    if (wanted === null || isKnown(source)) continue
    answered++
    const found = compiled(source, input)
    if (same(source, wanted, found)) continue
    expect({ seed, source, input, outcome: found }).toEqual({ seed, source, input, outcome: wanted })
  }
  return answered
}

const RUNS = 1000
const rounds = 12

test(`random expressions on random data (seed ${first})`, {
  timeout: minutes * 60_000 + 120_000,
}, async () => {
  const end = Date.now() + minutes * 60_000
  let answered = 0
  for (let i = 0; i < rounds || Date.now() < end; i++) answered += await round(first + i, RUNS)
  console.info(`expressions compared: ${answered}, seed ${first}`)
  expect(answered).toBeGreaterThan(rounds * RUNS * 0.25)
})
