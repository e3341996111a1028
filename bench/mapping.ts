/**
 * Mappings and expressions, compiled, beside the `jsonata` package and hand-written TypeScript, in one run; outputs
 * are compared first. `npm run bench:mapping [-- milliseconds per figure] [-- --memory]`; with --memory only the heap
 * over 10 million evaluations.
 */
import { isDeepStrictEqual } from 'node:util'
import jsonata from 'jsonata'
import { compileExpression } from '../src/expression/compile.ts'
import { runnable } from '../src/mapping/load.ts'
import { fields, GENERAL, handWritten, order } from './parts/expressions.ts'
import { type MappingCase, mappingCases } from './parts/mapping-cases.ts'
import { inTurn, median, rates, type Work } from './parts/mapping-rate.ts'
import { sharesOf } from './parts/mapping-shares.ts'

const TIME = Number(process.argv[2]) || 1000
const plain = (value: unknown) => JSON.parse(JSON.stringify(value ?? null))

interface Row {
  ours: number
  theirs: number
  hand: number | null
}
const rows: { mappings: Row[]; expressions: Row[] } = { mappings: [], expressions: [] }

async function check(name: string, who: string, found: unknown, wanted: unknown): Promise<void> {
  if (!isDeepStrictEqual(plain(await found), plain(await wanted))) throw new Error(`${name}: ${who} differs`)
}

function show(name: string, { ours, theirs, hand }: Row, more = ''): void {
  const times = `${(ours / theirs).toFixed(0).padStart(5)} × jsonata`
  const beside = hand === null ? '' : `${(ours / hand).toFixed(2).padStart(6)} × by hand`
  console.log(
    `${name.padEnd(34)}${Math.round(ours).toLocaleString('en').padStart(12)}/s ${times}${beside}${more}`,
  )
}

/** Beside each mapping: how much of its time both sides spend in exact functions, and the ratio of the rest. */
async function mapping(one: MappingCase): Promise<void> {
  const { name, read, inputs, context, byHand } = one
  const [compiled, interpreted] = [await runnable(read), await runnable(read, { compile: false })]
  for (const input of inputs) {
    const wanted = await interpreted.map(input, context)
    await check(name, 'compiled', compiled.map(input, context), wanted)
    await check(name, 'by hand', byHand(input), wanted)
  }
  const works = [
    inTurn(inputs, (input) => compiled.map(input, context)),
    inTurn(inputs, (input) => interpreted.map(input, context)),
    inTurn(inputs, byHand),
  ] as const
  const [ours, theirs, hand] = (await rates([...works], TIME)) as [number, number, number]
  rows.mappings.push({ ours, theirs, hand })
  const [here, there] = [await sharesOf(works[0], TIME), await sharesOf(works[2], TIME)]
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`
  const rest = (1 - there.exact) / hand / ((1 - here.exact) / ours)
  const shares = `exact ${percent(here.exact)} (by hand ${percent(there.exact)}), functions ${percent(here.functions)}`
  show(name, rows.mappings.at(-1)!, `; ${shares}; the rest ${rest.toFixed(2)}`)
}

async function expression(name: string, source: string, lines: number, hand: typeof handWritten | null) {
  const input = order(lines)
  const [ours, theirs] = [compileExpression(source), jsonata(source)]
  const wanted = await theirs.evaluate(input)
  await check(name, 'compiled', ours(input), wanted)
  if (hand) await check(name, 'by hand', hand(input), wanted)
  const works: Work[] = [() => ours(input), () => theirs.evaluate(input)]
  if (hand) works.push(() => hand(input))
  const [a, b, c] = await rates(works, TIME)
  const row = { ours: a!, theirs: b!, hand: c ?? null }
  rows.expressions.push(row)
  show(name, row)
}

/** Milliseconds to compile a mapping file that was read, cold once and the median of many. */
async function compiling({ read }: MappingCase): Promise<void> {
  const found: number[] = []
  for (let i = 0; i < 21; i++) {
    const start = performance.now()
    await runnable(read)
    found.push(performance.now() - start)
  }
  const fields = read.source.segments.length
  console.log(`compiling ${read.id}: ${median(found).toFixed(1)} ms, ${fields} expressions`)
}

/** The heap after each million evaluations, collected before it is looked at. */
async function memory({ name, read, inputs, context }: MappingCase): Promise<void> {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const compiled = await runnable(read)
  console.log(`heap over 10 million evaluations of ${name}, in MB:`)
  for (let million = 0; million <= 10; million++) {
    collect()
    console.log(
      `${String(million).padStart(3)} million: ${(process.memoryUsage().heapUsed / 1e6).toFixed(2)}`,
    )
    if (million === 10) return
    for (let i = 0; i < 1_000_000; i++) await compiled.map(inputs[i % inputs.length], context)
  }
}

function summary(title: string, all: Row[]): void {
  const times = all.map((r) => r.ours / r.theirs)
  const beside = all.flatMap((r) => (r.hand === null ? [] : [r.ours / r.hand]))
  const least = `least ${Math.min(...times).toFixed(0)} and ${Math.min(...beside).toFixed(2)}`
  console.log(
    `${title}: median ${median(times).toFixed(0)} × jsonata, ${median(beside).toFixed(2)} × by hand; ${least}`,
  )
}

const cases = await mappingCases()
if (process.argv.includes('--memory')) await memory(cases[0]!)
else {
  console.log(`node ${process.version}, ${TIME} ms per figure`)
  for (const one of cases) await mapping(one)
  for (const one of [cases[2]!, cases[3]!, cases[0]!]) await compiling(one)
  for (const lines of [5, 200]) await expression(`order fields, ${lines} lines`, fields, lines, handWritten)

  for (const [source, hand] of GENERAL)
    await expression(source.replace(/\s+/g, ' ').slice(0, 32), source, 5, hand)
  summary('mappings', rows.mappings)
  summary('expressions', rows.expressions)
}
