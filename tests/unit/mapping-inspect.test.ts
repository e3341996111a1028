import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { inspectMapping } from '../../src/mapping/inspect.ts'
import { projectMappings } from '../../src/runtime/mapping-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'tributary-inspect-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const full = join(folder, name)
  mkdirSync(join(full, '..'), { recursive: true })
  writeFileSync(full, text)
  return full
}

describe('one mapping', () => {
  test('cases of its own test file and of those that name it', async () => {
    const mapping = file('one/order.in.yaml', 'from: a\nto: b\nfields: { x: a, list: { $each: l, v: v } }')
    file(
      'one/order.in.test.yaml',
      `cases:
  - { name: right, input: { a: 1 }, expectPart: { x: 1 } }
  - name: wrong
    input: { a: 1, l: [{ v: 1 }, { v: 2 }] }
    expect: { x: 1, list: [{ v: 1 }, { v: 3 }] }
  - { name: no error, input: { a: 1 }, expectError: { code: MAPPING_FAILED } }
`,
    )
    file(
      'one/more.test.yaml',
      'mapping: order.in.yaml\ncases: [{ name: m, input: { a: 2, l: [] }, expect: { x: 2, list: [] } }]',
    )
    file('one/refund.in.yaml', 'from: a\nto: b\nfields: { x: a }')
    file('one/refund.in.test.yaml', 'cases: [{ name: r, input: { a: 5 }, expect: { x: 5 } }]')
    file('one/other.test.yaml', 'mapping: refund.in.yaml\ncases: [{ name: o, input: {}, expect: {} }]')
    const made = await inspectMapping(mapping)
    expect(made).toMatchObject({
      mapping: 'one/order.in',
      runs: 'compiled',
      reason: null,
      cases: 4,
      failed: 2,
    })
    expect(made.complaints.map((c) => [c.code, c.line, c.column])).toEqual([
      ['MAPPING_CASE_FAILED', 3, 5],
      ['MAPPING_CASE_FAILED', 6, 5],
    ])
    expect(made.complaints[0]!.message.en).toContain('case "wrong": list.1.v: expected 3, found 2')
    expect(made.complaints[0]!.message.zh).toContain('用例“wrong”')
  })

  test.each([
    [
      'extra.test.yaml',
      '# of the order\nmapping: ordre.in.yaml\n',
      2,
      'there is no mapping file ordre.in.yaml here',
    ],
    ['extra.test.yaml', 'mapping: .\n', 1, 'there is no mapping file . here'],
    ['refund.in.test.yaml', '', 1, 'there is no mapping file refund.in.yaml here'],
  ])('cases that test nothing are an error: %s %j', async (name, head, line, says) => {
    const at = `none-${line}-${name}-${head.length}`
    const mapping = file(`${at}/order.in.yaml`, 'from: a\nto: b\nfields: { x: a }')
    const tests = file(`${at}/${name}`, `${head}cases: [{ name: n, input: {}, expect: { x: 1 } }]`)
    const { cases, complaints } = await inspectMapping(mapping)
    expect(cases).toBe(0)
    expect(complaints).toMatchObject([
      { severity: 'error', code: 'MAPPING_SHAPE', file: tests, line, field: 'mapping' },
    ])
    expect(complaints[0]!.message.en).toContain(says)
    if (head.includes('ordre')) expect(complaints[0]!.message.zh).toContain('是不是 "order.in.yaml"')
  })

  test('inputs of the cases say which paths there are', async () => {
    const mapping = file('two/order.in.yaml', 'from: a\nto: b\nfields: { x: nmae }')
    file('two/order.in.test.yaml', 'cases: [{ name: n, input: { name: A }, expect: {} }]')
    const { complaints } = await inspectMapping(mapping)
    expect(complaints).toMatchObject([{ severity: 'warning', code: 'MAPPING_PATH_UNKNOWN', nearest: 'name' }])
  })

  test.each([
    ['from: a\nto: b\nfields: { x: "a[" }', 'MAPPING_SYNTAX', 3],
    ['from: a\nto: b\nfields: { $x: a }', 'MAPPING_SHAPE', 3],
    ['from: a\nfelds: {}', 'YAML_UNKNOWN_KEY', 2],
    ['from: a\nto: [', 'YAML_SYNTAX', 2],
  ])('%j is told with its place', async (text, code, line) => {
    const { complaints, runs, mapping } = await inspectMapping(file('broken.in.yaml', text))
    expect([runs, mapping]).toEqual([null, null])
    expect(complaints).toMatchObject([{ severity: 'error', code, line }])
    expect(complaints[0]!.fix.zh.length).toBeGreaterThan(5)
  })

  test('test files that are broken, also by their input file', async () => {
    const mapping = file('three/order.in.yaml', 'from: a\nto: b\nfields: { x: a }')
    file('three/order.in.test.yaml', 'cases: [{ name: n, inputFile: s.json, expect: {} }]')
    const gone = await inspectMapping(mapping)
    expect(gone.complaints).toMatchObject([{ code: 'MAPPING_UNREADABLE' }])
    file('three/s.json', '{"a": ')
    expect((await inspectMapping(mapping)).complaints[0]!.message.en).toContain('not JSON')
    file('three/order.in.test.yaml', 'cases: 7')
    expect((await inspectMapping(mapping)).complaints).toMatchObject([{ code: 'YAML_VALUE' }])
  })

  test('a file that is not there', async () => {
    const { complaints } = await inspectMapping(join(folder, 'no.yaml'))
    expect(complaints).toMatchObject([{ code: 'MAPPING_UNREADABLE' }])
  })
})

describe('the bundled mappings', () => {
  const root = resolve('mappings')
  const bundled = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) =>
    /\.(in|out)\.yaml$/.test(f),
  )
  test.each(bundled)('%s: compiled, all cases pass, nothing to complain about', async (name) => {
    const made = await inspectMapping(join(root, name))
    expect(made).toMatchObject({ runs: 'compiled', failed: 0, complaints: [] })
  })
})

describe('the mappings of a project', () => {
  test('its own before the bundled ones of the connectors that it uses, and the rest of its folder', () => {
    const config = file(
      'project/tributary.yaml',
      'connections:\n  a: { use: vendure, settings: { token: "${UNSET}" } }\n  b: { use: unknown }\n',
    )
    const own = file('project/mappings/vendure/order.in.yaml', 'x')
    const more = file('project/mappings/acme/order.in.yaml', 'x')
    file('project/mappings/acme/order.in.test.yaml', 'x')
    const others = readdirSync('mappings/vendure').filter(
      (name) => /\.(in|out)\.yaml$/.test(name) && name !== 'order.in.yaml',
    )
    expect(others).toContain('shipment.out.yaml')
    const bundled = others.map((name) => resolve('mappings/vendure', name))
    expect(projectMappings(config)).toEqual([own, more, ...bundled].sort())
    expect(projectMappings(join(folder, 'nowhere/tributary.yaml'))).toEqual([])
  })

  test('a configuration that is no map names no connectors', () => {
    expect(projectMappings(file('odd/tributary.yaml', 'connections: [1, { use: 2 }, null]'))).toEqual([])
    expect(() => projectMappings(file('odd/tributary.yaml', 'a: ['))).toThrow(/tributary.yaml/)
  })
})
