/** What docs/reference/mapping.md says of each function is so: every example is run. */
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compileExpression } from '../../src/expression/compile.ts'
import { LIBRARY } from '../../src/expression/library.ts'
import { CODES, codeFunctions, FUNCTIONS, SECTIONS } from '../../src/mapping/functions.ts'
import { loadMapping } from '../../src/mapping/load.ts'

const rows = [...Object.values(SECTIONS), CODES].flatMap((table) => Object.entries(table))
const bound = codeFunctions({ unit: { pc: 'EA', box: 'BX' } }, { unit: { box: '12' } })

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

describe('the examples of the page', () => {
  const page = readFileSync('docs/reference/mapping.md', 'utf8')
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text!)
  const whole = blocks.filter((text) => text.includes('fields:'))

  test.each(whole)('%s', async (text) => {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-page-'))
    try {
      const base = 'from: order\nto: acme-erp/order\nfields: { externalId: x, name: y }\n'
      for (const name of ['acme-shop/order.in.yaml', 'yonyou-nc/order.out.yaml', 'acme/example.yaml']) {
        await mkdir(join(folder, dirname(name)), { recursive: true })
        await writeFile(join(folder, name), base)
      }
      const file = join(folder, 'acme/example.yaml')
      await writeFile(file, text.includes('to:') && !text.includes('from:') ? `from: order\n${text}` : text)
      // What it requires of a file that is extended stands in that file.
      expect((await loadMapping(file)).interpreted).toBe(null)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('are there', () => {
    expect(whole).toHaveLength(3)
  })
})
