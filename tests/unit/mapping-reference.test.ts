/** What docs/reference/mapping.md says of each function is so: every example is run. */
import { describe, expect, test } from 'vitest'
import { compileExpression } from '../../src/expression/compile.ts'
import { LIBRARY } from '../../src/expression/library.ts'
import { CODES, codeFunctions, FUNCTIONS, SECTIONS } from '../../src/mapping/functions.ts'

const rows = [...Object.values(SECTIONS), CODES].flatMap((table) => Object.entries(table))
const bound = codeFunctions({ unit: { pc: 'EA' } })

describe('the table of functions', () => {
  test.each(rows)('$%s gives what its example says', (name, { example: [expression, result] }) => {
    expect(expression).toContain(`$${name}(`)
    const run = compileExpression(expression, { functions: FUNCTIONS })
    const found = run({}, bound) as unknown
    expect(JSON.parse(JSON.stringify(found))).toEqual(result)
  })

  test('names every function once, and none of JSONata', () => {
    const names = rows.map(([name]) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.toSorted()).toEqual([...Object.keys(FUNCTIONS), ...Object.keys(bound)].toSorted())
    expect(names.filter((name) => Object.hasOwn(LIBRARY, name))).toEqual([])
  })

  test.each(rows)('$%s is told in one sentence', (_, { gives, takes }) => {
    expect(gives).toMatch(/^[^\n]{5,300}[^.\s]$/)
    expect(takes).not.toContain('\n')
  })
})
