/** `tributary mapping …`, as a shell runs it. */
import { spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const SAMPLE = resolve('examples/mapping/order.json')
const folder = mkdtempSync(join(tmpdir(), 'tributary-mapping-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))
let count = 0

function project(files: Record<string, string> = {}): string {
  const made = join(folder, `p${count++}`)
  mkdirSync(made)
  copyFileSync(SAMPLE, join(made, 'order.json'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(made, name, '..'), { recursive: true })
    writeFileSync(join(made, name), text)
  }
  return made
}

interface Ran {
  code: number | null
  out: string
  err: string
}

function run(cwd: string, args: string[], input = '', env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, [MAIN, 'mapping', ...args], {
      cwd,
      env: { PATH: process.env.PATH, ...env },
    })
    const ran: Ran = { code: null, out: '', err: '' }
    child.stdout.on('data', (chunk) => (ran.out += chunk))
    child.stderr.on('data', (chunk) => (ran.err += chunk))
    child.on('error', reject)
    child.on('close', (code) => done({ ...ran, code }))
    child.stdin.on('error', reject)
    child.stdin.end(input)
  })
}
const CHINESE = { TRIBUTARY_LANG: 'zh-CN' }

const WRONG = `from: acme/order
to: erp/thing
fields:
  total: $number(total) * 100
  name: trim(name)
`

describe('mapping check', () => {
  test('named files: file, line, column, field, expression, fix; exit 4', async () => {
    const cwd = project({ 'mappings/acme/order.in.yaml': WRONG })
    const ran = await run(cwd, ['check', 'mappings/acme/order.in.yaml'])
    expect([ran.code, ran.err]).toEqual([4, ''])
    expect(ran.out).toContain('✗ mappings/acme/order.in.yaml: compiled\n')
    expect(ran.out).toContain('mappings/acme/order.in.yaml:4:10: total: $number, * on money gives a float')
    expect(ran.out).toContain('$lineMoney(price, quantity, $currency)')
    expect(ran.out).toContain('there is no function trim (did you mean "$trim"?)')
    expect(ran.out).toMatch(
      /1 mappings, 1 compiled, 0 interpreted · 0 cases, 0 failed · 2 errors, 0 warnings\n$/,
    )
    expect((await run(cwd, ['check'], '', CHINESE)).out).toContain('用浮点数计算金额')
  })

  test('a folder means all that is in it', async () => {
    const files = {
      'mappings/acme/order.in.yaml': WRONG,
      'other/b.out.yaml': 'from: order\nto: x\nfields: { n: number }\n',
    }
    const ran = await run(project(files), ['check', 'mappings', 'other'])
    expect(ran.out).toMatch(/\n2 mappings, 2 compiled/)
  })

  test('--json: all of it', async () => {
    const cwd = project({ 'mappings/acme/order.in.yaml': WRONG })
    const ran = await run(cwd, ['check', '--json'])
    const answer = JSON.parse(ran.out)
    expect([ran.code, ran.err]).toEqual([4, ''])
    expect(answer).toMatchObject({ mappings: 1, compiled: 1, interpreted: 0, errors: 2, warnings: 0 })
    expect(answer.files[0]).toMatchObject({ mapping: 'acme/order.in', runs: 'compiled', reason: null })
    expect(answer.files[0].complaints[0]).toMatchObject({
      severity: 'error',
      code: 'MAPPING_MONEY_FLOAT',
      file: 'mappings/acme/order.in.yaml',
      line: 4,
      column: 10,
      field: 'total',
      expression: '$number(total) * 100',
      fix: expect.stringContaining('$money'),
    })
  })

  test("the configuration's connectors, without their secrets; many unseen paths are one line", async () => {
    const cwd = project({
      'tributary.yaml': 'connections: { s: { use: naive-erp, settings: { token: "${NOT_SET}" } } }',
      'mappings/acme/order.in.yaml':
        'from: acme/order\nto: x/y\nfields: { a: aa, b: bbbbb, c: ccccc, d: ddddd }',
      'mappings/acme/order.in.test.yaml': 'cases: [{ name: n, input: { zzzzzzzzz: 1 }, expect: {} }]',
    })
    const ran = await run(cwd, ['check'])
    expect(ran.code).toBe(0)
    expect(ran.out).toContain('✓ mappings/acme/order.in.yaml: compiled · 1 of 1 cases pass\n')
    expect(ran.out).toContain('! 4 paths are in no input of the test file')
    expect(ran.out).toMatch(/✓ .*naive-erp\/order\.out\.yaml: compiled · 1 of 1 cases pass\n/)
  })

  test('nothing to check, or a configuration that is not there', async () => {
    const empty = await run(project(), ['check'])
    expect([empty.code, empty.out]).toEqual([2, ''])
    expect((await run(project(), ['check', '--config', 'no.yaml'])).code).toBe(3)
    const gone = await run(project(), ['check', 'no.yaml'])
    expect([gone.code, gone.out]).toEqual([4, expect.stringContaining('ENOENT')])
  })
})

describe('mapping eval', () => {
  const cwd = project()

  test('exact functions, variables, standard input, big numbers', async () => {
    const amount = await run(cwd, ['eval', '$money(total, currency)', '--input', 'order.json'])
    expect([amount.code, amount.out, amount.err]).toEqual([0, '2990\n', ''])
    const piped = await run(
      cwd,
      ['eval', '{"id": $string(id), "zone": $company.zone}', '--input', '-', '--json'],
      '{"id": 12345678901234567890}',
    )
    expect(JSON.parse(piped.out)).toEqual({ id: '12345678901234567890', zone: 'Asia/Shanghai' })
    expect((await run(cwd, ['eval', 'a.b', '--input', '-'], '<a><b>x</b></a>')).out).toBe('"x"\n')
    const nothing = await run(cwd, ['eval', 'nope', '--input', 'order.json'])
    expect([nothing.code, nothing.out, nothing.err]).toEqual([0, 'null\n', 'the expression gives nothing\n'])
    expect((await run(cwd, ['eval', '$sum'])).out).toBe('"(function)"\n')
  })

  test('what fails says where and what to do; what cannot be read is a wrong call', async () => {
    const failed = await run(cwd, ['eval', 'total + 1', '--input', 'order.json'])
    expect([failed.code, failed.out]).toEqual([1, ''])
    expect(failed.err).toContain('MAPPING_EXPRESSION: the expression failed at character 7')
    expect((await run(cwd, ['eval', '$money(1, "?")'])).err).toContain('failed: $money cannot use "?"')
    const unread = await run(cwd, ['eval', 'a['], '', CHINESE)
    expect([unread.code, unread.err]).toEqual([2, expect.stringContaining('第 2 个字符处')])
    for (const [input, text] of [
      ['-', '{"a":'],
      ['no.json', ''],
    ] as const) {
      const ran = await run(cwd, ['eval', 'a', '--input', input], text)
      expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('MAPPING_INPUT')])
    }
  })

  test('with the settings and code tables of a connection, never its secrets', async () => {
    const configured = project({
      'tributary.yaml': `company: { zone: Europe/Berlin, currency: EUR }
connections:
  erp: { use: naive-erp, settings: { base: "http://127.0.0.1:1", token: "\${T}" }, codes: { unit: { pc: EA } } }
flows: {}
`,
    })
    const line = [
      'eval',
      '{"c": $company.currency, "u": $code("unit", "pc"), "s": $settings}',
      '--connection',
      'erp',
    ]
    const ran = await run(configured, line, '', { T: 'secret-of-the-test' })
    expect(JSON.parse(ran.out)).toMatchObject({ c: 'EUR', u: 'EA', s: { base: 'http://127.0.0.1:1' } })
    expect(ran.out).not.toContain('secret')
    const unknown = await run(configured, ['eval', '1', '--connection', 'eerp'], '', { T: 'x' })
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('RUNTIME_UNKNOWN')])
  })
})

describe('mapping new and explain', () => {
  test('from a sample to a mapping that passes its check, and where its values come from', async () => {
    const cwd = project()
    const made = await run(cwd, ['new', 'acme/order.in', '--sample', 'order.json', '--to', 'order'])
    expect([made.code, made.err]).toEqual([0, expect.stringContaining('../../order.json')])
    expect(readFileSync(join(cwd, 'mappings/acme/order.in.test.yaml'), 'utf8')).toContain(
      'inputFile: ../../order.json',
    )
    const checked = await run(cwd, ['check'])
    expect([checked.code, checked.out]).toEqual([0, expect.stringContaining('1 of 1 cases pass')])
    const explained = await run(cwd, ['explain', 'mappings/acme/order.in.yaml', '--input', 'order.json'])
    expect([explained.code, explained.err]).toEqual([0, ''])
    expect(explained.out).toContain(
      'lines[0].goods: 2500\n    $lineMoney(price, quantity, $currency)\n    ← line_items[0].price, line_items[0].quantity\n    ← $currency: currency\n',
    )
    expect(explained.out).toContain('✓ the result is complete and valid')
    const one = await run(cwd, [
      'explain',
      'mappings/acme/order.in.yaml',
      '--input',
      'order.json',
      '--field',
      'totals',
      '--json',
    ])
    const answer = JSON.parse(one.out)
    expect(answer.fields).toMatchObject([
      { field: 'totals.total', value: 2990, sources: ['total'], line: expect.any(Number) },
    ])
    expect(answer).toMatchObject({ mapping: 'acme/order.in', problem: null, result: { externalId: '4711' } })
  })

  test('numbers of a sample keep their value in its test', async () => {
    const cwd = project({ 'big.json': '{"id": 9007199254740993123, "currency": "CNY", "total": "1.00"}' })
    await run(cwd, ['new', 'acme/order.in', '--sample', 'big.json', '--to', 'order'])
    const checked = await run(cwd, ['check'])
    expect(checked.out).toContain('1 of 1 cases pass')
    const written = readFileSync(join(cwd, 'mappings/acme/order.in.test.yaml'), 'utf8')
    expect(written).toContain('"9007199254740993123"')
  })

  test('a record that does not go through is explained as far as it went', async () => {
    const cwd = project({
      'm.in.yaml': 'from: a\nto: order\nfields:\n  externalId: $string(id)\n  number: total + 1\n',
    })
    const ran = await run(cwd, ['explain', 'm.in.yaml', '--input', 'order.json'])
    expect(ran.code).toBe(1)
    expect(ran.out).toContain('number: ✗ failed')
    expect(ran.out).toMatch(/✗ .*m\.in\.yaml:5: number: the expression failed[^\n]*\n {2}→ /)
    expect((await run(cwd, ['explain', 'm.in.yaml'])).code).toBe(2)
    expect((await run(cwd, ['explain', 'no.yaml', '--input', 'order.json'])).code).toBe(3)
  })

  test('nothing is overwritten, and nothing is written elsewhere', async () => {
    const cwd = project({ 'mappings/acme/order.in.yaml': 'mine', 'list.json': '[{"id": 1}]' })
    const again = await run(cwd, ['new', 'acme/order.in', '--sample', 'order.json'])
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('MAPPING_EXISTS')])
    expect(readFileSync(join(cwd, 'mappings/acme/order.in.yaml'), 'utf8')).toBe('mine')
    const names = ['../x/y.in', 'acme', 'acme/order.out', 'a/b/c.in', '/tmp/x.in', 'Acme/order.in']
    const refused = await Promise.all(names.map((name) => run(cwd, ['new', name, '--sample', 'order.json'])))
    expect(refused.map((r) => r.code)).toEqual(names.map(() => 2))
    expect((await run(cwd, ['new', 'acme/b.in', '--sample', 'order.json', '--to', 'oder'])).code).toBe(2)
    expect((await run(cwd, ['new', 'acme/b.in'])).code).toBe(2)
    expect((await run(cwd, ['new', 'acme/b.in', '--sample', 'list.json'])).err).toContain('one record')
    expect(existsSync(join(cwd, 'mappings/acme/b.in.yaml'))).toBe(false)
  })

  test('an XML sample is written into the case', async () => {
    const cwd = project({ 'o.xml': '<order><id>7</id><total>1.50</total></order>' })
    expect((await run(cwd, ['new', 'acme/x.in', '--sample', 'o.xml'])).code).toBe(0)
    expect((await run(cwd, ['check'])).out).toContain('1 of 1 cases pass')
  })
})
