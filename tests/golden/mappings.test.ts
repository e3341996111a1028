/** Every `*.test.yaml` beside the mappings is run: a case is an input and what the mapping must make of it. */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkMapping, readCases, runCase } from '../../src/mapping/check.ts'

const root = path.resolve(import.meta.dirname, '../../mappings')
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.yaml'))
const mappings = files.filter((f) => !f.endsWith('.test.yaml'))

describe('mapping files', () => {
  test.each(mappings)('%s has no mistakes', async (file) => {
    expect(await checkMapping(path.join(root, file))).toEqual([])
  })
})

describe('mapping cases', async () => {
  for (const file of files.filter((f) => f.endsWith('.test.yaml'))) {
    const cases = await readCases(path.join(root, file))
    test(`${file} has cases`, () => expect(cases.length).toBeGreaterThan(0))
    test.each(cases.map((c) => [c.name, c] as const))(`${file}: %s`, async (_, one) => {
      const { expected, found } = await runCase(one)
      expect(found).toEqual(expected)
    })
  }
})
