/**
 * Rates of compiled expressions beside the `jsonata` package and hand-written TypeScript, in one run; the output
 * is compared first. `npm run bench:expression [-- milliseconds per figure]`.
 */
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import jsonata from 'jsonata'
import type { MapContext } from '../src/core/ports.ts'
import { compileExpression } from '../src/expression/compile.ts'
import { runnable } from '../src/mapping/load.ts'
import { readMapping } from '../src/mapping/read.ts'
import { generateOrder } from '../src/sandbox/generate/order.ts'
import { restOrder } from '../src/sandbox/shopify/rest.ts'
import { fields, GENERAL, handWritten, order } from './parts/expressions.ts'

const TIME = Number(process.argv[2] ?? 1000)
const context: MapContext = {
  connection: 'shop',
  entity: 'main',
  settings: {},
  company: { zone: 'Asia/Shanghai', currency: 'CNY' },
}
const plain = (value: unknown) => JSON.parse(JSON.stringify(value ?? null))

/** Milliseconds of this thread on a processor: others on the machine do not count. */
function clock(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Calls per second, warm. */
async function rate(work: () => unknown): Promise<number> {
  const run = async (milliseconds: number) => {
    const start = clock()
    let calls = 0
    for (let size = 1; clock() - start < milliseconds; size = Math.min(size * 2, 1000)) {
      for (let i = 0; i < size; i++) {
        const value = work()
        if (value instanceof Promise) await value
      }
      calls += size
    }
    return (calls * 1000) / (clock() - start)
  }
  await run(TIME / 2)
  return run(TIME)
}

const rows: { name: string; ours: number; theirs: number; hand: number | null }[] = []

async function compare(
  name: string,
  ours: () => unknown,
  theirs: () => unknown,
  hand: (() => unknown) | null,
) {
  const wanted = plain(await theirs())
  for (const [who, work] of Object.entries({ compiled: ours, 'hand-written': hand })) {
    if (work && !isDeepStrictEqual(plain(await work()), wanted)) throw new Error(`${name}: ${who} differs`)
  }
  const [a, b] = [await rate(ours), await rate(theirs)]
  const row = { name, ours: a, theirs: b, hand: hand ? await rate(hand) : null }
  rows.push(row)
  const times = `${(a / b).toFixed(0).padStart(6)} × jsonata`
  const beside = row.hand === null ? '' : `${(a / row.hand).toFixed(2).padStart(6)} × hand-written`
  console.log(`${name.padEnd(34)}${Math.round(a).toLocaleString('en').padStart(14)}/s ${times} ${beside}`)
}

async function mappings(): Promise<void> {
  const file = path.resolve(import.meta.dirname, '../mappings/shopify/order-webhook.in.yaml')
  const read = await readMapping(file)
  const [compiled, interpreted] = [await runnable(read), await runnable(read, { compile: false })]
  const now = new Date('2026-03-01T08:00:00Z')
  const input = JSON.parse(JSON.stringify(restOrder(generateOrder(7, 3, now, true))))
  await compare(
    'mapping shopify/order-webhook',
    () => compiled.map(input, context),
    () => interpreted.map(input, context),
    null,
  )
  const start = performance.now()
  const times = 20
  for (let i = 0; i < times; i++) await runnable(read)
  const each = (performance.now() - start) / times
  console.log(`compiling it: ${each.toFixed(1)} ms (${read.source.segments.length} expressions)`)
}

async function expressions(): Promise<void> {
  for (const lines of [5, 200]) {
    const input = order(lines)
    const [ours, theirs] = [compileExpression(fields), jsonata(fields)]
    await compare(
      `order fields, ${lines} lines`,
      () => ours(input),
      () => theirs.evaluate(input),
      () => handWritten(input),
    )
  }
  const input = order(5)
  for (const [source, hand] of GENERAL) {
    const [ours, theirs] = [compileExpression(source), jsonata(source)]
    await compare(
      source.replace(/\s+/g, ' ').slice(0, 32),
      () => ours(input),
      () => theirs.evaluate(input),
      hand && (() => hand(input)),
    )
  }
}

console.log(`node ${process.version}, ${TIME} ms per figure`)
await mappings()
await expressions()
const median = (all: number[]) => all.toSorted((x, y) => x - y)[Math.floor(all.length / 2)]!
console.log(`median ${median(rows.map((r) => r.ours / r.theirs)).toFixed(0)} × jsonata`)
const beside = rows.flatMap((r) => (r.hand === null ? [] : [r.ours / r.hand]))
console.log(`median ${median(beside).toFixed(2)} × hand-written`)
