/** The reference's own suite: every case gives what it must. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { describeExpression } from '../../src/expression/compile.ts'

interface Case {
  id: string
  expr: string
  data?: unknown
  dataset?: string | null
  bindings?: Record<string, unknown>
  result?: unknown
  undefinedResult?: boolean
  unordered?: boolean
  code?: string
  error?: { code: string }
  token?: string
  timelimit?: number
  depth?: number
}

const suite = path.resolve(import.meta.dirname, '../../../shared/conformance/jsonata')
const read = (name: string) => JSON.parse(readFileSync(path.join(suite, name), 'utf8'))

function run(one: Case, datasets: Record<string, unknown>) {
  const limits = one.id.startsWith('tail-recursion')
    ? { timeout: one.timelimit, depth: one.depth }
    : { timeout: one.timelimit }
  const { run, compiled } = describeExpression(one.expr, { limits })
  expect(compiled).toBe(true)
  const input = 'data' in one ? one.data : one.dataset ? datasets[one.dataset] : undefined
  const value = run(structuredClone(input), one.bindings)
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

function check(one: Case, datasets: Record<string, unknown>): void {
  const code = one.code ?? one.error?.code
  if (code) {
    const wanted = one.token ? { code, token: one.token } : { code }
    expect(() => run(one, datasets), one.id).toThrow(expect.objectContaining(wanted))
    return
  }
  const found = run(one, datasets)
  if (one.undefinedResult) expect(found, one.id).toBeUndefined()
  else if (one.unordered) expect([...found].sort(), one.id).toEqual([...(one.result as unknown[])].sort())
  else expect(found, one.id).toEqual(one.result)
}

test.skipIf(!existsSync(suite))(
  'the reference suite (needs ../shared/conformance): all cases, all compiled',
  { timeout: 60_000 },
  () => {
    const datasets = read('datasets.json')
    const cases: Case[] = read('cases.json')
    for (const one of cases) check(one, datasets)
    expect(cases.length).toBeGreaterThan(1100)
  },
)
