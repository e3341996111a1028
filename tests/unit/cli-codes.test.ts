/** `tributary codes` as a shell runs it, over the socket of a process that holds the ledger; and `/v1/codes`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseXlsx } from '../../src/core/grid/xlsx.ts'
import { type HttpServer, startHttp } from '../../src/http/server.ts'
import { createLog } from '../../src/runtime/log.ts'
import { cliFolder, openCliOffice, runProgram } from '../support/cli-office.ts'
import type { Office } from '../support/office.ts'
import { parkForCode } from '../support/waiting.ts'

const folder = cliFolder()
let office: Office
let closeOffice: () => Promise<void>

beforeAll(async () => {
  const opened = await openCliOffice(folder, { nc: { rate: { USD: '7.1' } } })
  office = opened.office
  closeOffice = opened.close
}, 60_000)
afterAll(() => closeOffice())
beforeEach(async () => {
  await office.desk.db.query('truncate code_entry, code_revision, parked, inbox')
  office.desk.woken.length = 0
})

const run = (line: string, env: Record<string, string> = {}) => runProgram(line.split(' '), folder, env)

const CHINESE = { TRIBUTARY_LANG: 'zh-CN' }
const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
const states = async () =>
  (
    await office.desk.db.query<{ state: string; external_id: string }>(
      'select state, external_id from inbox order by id',
    )
  ).rows.map((r) => `${r.external_id} ${r.state}`)

describe('missing, filled in, imported', () => {
  test('the template of what is missing, filled in, sets going exactly what waited', async () => {
    await parkForCode(office.desk.db, [
      {
        id: 'a1',
        keys: [
          ['material', '001'],
          ['material', '茶'],
        ],
        amount: 1050,
        currency: 'CNY',
      },
      { id: 'a2', keys: [['material', '茶']], amount: 950, currency: 'CNY' },
      { id: 'a3', keys: [['unit', 'box']] },
    ])
    const shown = await run('codes missing')
    expect(shown.code).toBe(4)
    expect(shown.out.split('\n')[1]).toMatch(/^nc +material +茶 +2 +20\.00 CNY +\d{4}-/)
    expect(shown.err).toContain('--to missing.xlsx')
    expect(JSON.parse((await run('codes missing --table unit --json')).out)).toMatchObject([
      { connection: 'nc', table: 'unit', key: 'box', orders: 1, amounts: [], examples: ['web/a3'] },
    ])
    const made = await run('codes missing --to missing.xlsx', CHINESE)
    expect([made.code, made.out]).toEqual([4, ''])
    expect(made.err).toContain('tributary codes import missing.xlsx')
    const sheet = await parseXlsx(readFileSync(join(folder, 'missing.xlsx')), 'missing.xlsx')
    const texts = sheet.map((r) => r.cells.map((c) => ('text' in c ? c.text : c.found)))
    expect(texts.slice(0, 2)).toEqual([
      ['连接', '对照表', '键', '值', '换算率', '订单数', '总额', '订单'],
      ['nc', 'material', '茶', '', '', '2', '20.00 CNY', 'web/a1'],
    ])
    // nobody's work is written over
    const again = await run('codes missing --to missing.xlsx')
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('is there already')])

    write(
      'filled.csv',
      '连接,对照表,键,值,订单数\nnc,material,茶,M-1,2\nnc,material,001,M-2,1\nnc,unit,box,,1\n',
    )
    const dry = await run('codes import filled.csv --dry-run')
    expect(dry.out).toBe('would add 2 and change 0; 0 are as before\nwould set going 2 that wait\n')
    expect(await states()).toEqual(['a1 parked', 'a2 parked', 'a3 parked'])
    const done = await run('codes import filled.csv')
    expect(done.out).toBe('2 added, 0 changed, 0 as before\n2 of 2 that waited go on\n')
    expect(done.err).toContain('filled.csv: 2 entries, 1 rows not filled in, 0 bad ones')
    expect(done.err).toContain('2 of 2 set going')
    expect(done.code).toBe(0)
    expect(await states()).toEqual(['a1 new', 'a2 new', 'a3 parked'])
    expect(office.desk.woken).toContain('normalize 0')
    expect((await run('codes import filled.csv')).out).toBe('0 added, 0 changed, 2 as before\n')
  })

  test('bad cells are said all together and nothing is imported, unless they are to be skipped', async () => {
    write('bad.csv', 'key,value\nA,1\n,2\n6.9E+12,3\nB,4\n')
    const line = 'codes import bad.csv --connection nc --table material'
    const refused = await run(line)
    expect([refused.code, refused.out]).toEqual([1, ''])
    expect(refused.err).toMatch(
      /2 cells cannot be used.*\n.*row 3, column A \(key\).*\n {2}→ .*\n.*row 4, column A/,
    )
    const json = await run(`${line} --json`)
    expect(JSON.parse(json.err).errors).toMatchObject([
      { code: 'CODE_CELL_EMPTY', file: 'bad.csv', line: 3, column: 'A (key)' },
      { code: 'CODE_CELL_NUMBER', line: 4 },
    ])
    expect((await run('codes list')).out).not.toContain('material')
    const skipped = await run(`${line} --skip-bad --json`)
    expect(skipped.code).toBe(4)
    expect(JSON.parse(skipped.out)).toMatchObject({ added: 2, bad: [{ row: 3 }, { row: 4 }] })
    const chinese = await run(line, CHINESE)
    expect(chinese.err).toContain('第 3 行 A (键) 列')
    expect((await run('codes import nowhere.csv')).err).toContain('CODE_FILE_UNREADABLE')
    expect((await run(`${line} --encoding latin1`)).code).toBe(2)
  })
})

describe('list and export', () => {
  test('the ledger goes before tributary.yaml; what is exported can be imported', async () => {
    write('some.csv', 'connection,table,key,value,factor\nnc,material,007,M-7,12\nnc,rate,EUR,7.8,\n')
    await run('codes import some.csv')
    const tables = await run('codes list')
    expect(tables.out).toMatch(/^nc +material +1 +0 /m)
    expect(tables.out).toMatch(/^nc +rate +1 +1 /m)
    const rate = await run('codes list --table rate --json')
    expect(JSON.parse(rate.out).items).toMatchObject([
      { key: 'EUR', value: '7.8', from: 'ledger' },
      { key: 'USD', value: '7.1', from: 'file', changedBy: null },
    ])
    const first = JSON.parse((await run('codes list --table rate --limit 1 --json')).out)
    expect(first.items).toHaveLength(1)
    const second = JSON.parse(
      (await run(`codes list --table rate --limit 1 --after ${first.next} --json`)).out,
    )
    expect([second.items[0].key, second.next]).toEqual(['USD', null])
    const csv = await run('codes export')
    expect(csv.out).toBe(
      '\ufeffconnection,table,key,value,factor\r\nnc,material,"=""007""",M-7,12\r\nnc,rate,EUR,7.8,\r\nnc,rate,USD,7.1,\r\n',
    )
    await run('codes export --to all.xlsx')
    expect(existsSync(join(folder, 'all.xlsx'))).toBe(true)
    const again = JSON.parse((await run('codes import all.xlsx --json')).out)
    // the rate of tributary.yaml is the ledger's from now on
    expect(again).toMatchObject({ added: 1, changed: 0, unchanged: 2 })
    expect((await run('codes list --table rate')).out).not.toContain('tributary.yaml')
  })
})

describe('/v1/codes', () => {
  let server: HttpServer
  beforeAll(async () => {
    const running = {
      operations: office.operations,
      receiveWebhook: () => Promise.reject(new Error('nothing comes in here')),
      ready: async () => ({ ready: true, checks: {} }),
    }
    const log = createLog({ level: 'error', destination: { write: () => undefined } })
    server = await startHttp({ running, host: '127.0.0.1', port: 0, log })
  })
  afterAll(() => server?.close())

  const ask = async (path: string, token: 'reader' | 'operator', body?: unknown) => {
    const headers = { authorization: `Bearer ${office.tokens[token]}`, 'content-type': 'application/json' }
    const response = await fetch(
      `${server.url}/v1/codes${path}`,
      body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) },
    )
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const one = { connection: 'nc', table: 'material', key: 'A', value: '1' }

  test('imports, sets going what waited, and shows it', async () => {
    await parkForCode(office.desk.db, [{ id: 'h1', keys: [['material', 'A']] }])
    expect((await ask('/missing', 'reader')).body).toMatchObject([{ key: 'A', orders: 1 }])
    expect((await ask('/import', 'reader', { entries: [one] })).status).toBe(403)
    const dry = await ask('/import', 'operator', { entries: [one], dryRun: true })
    expect(dry.body).toEqual({ added: 1, changed: 0, unchanged: 0, waiting: 1, redriven: null })
    const done = await ask('/import', 'operator', { entries: [one] })
    expect(done.body).toMatchObject({
      added: 1,
      waiting: 1,
      redriven: { records: 1, documents: 0, pushes: 0 },
    })
    expect((await ask('?table=material', 'reader')).body).toMatchObject({
      items: [{ key: 'A', value: '1', changedBy: 'token desk' }],
      next: null,
    })
    expect((await ask('/tables', 'reader')).body).toMatchObject([{ table: 'material' }, { table: 'rate' }])
    expect((await ask('/missing', 'reader')).body).toEqual([])
  })

  test.each([
    ['a key twice', [one, { ...one, value: '2' }], /entries\[1\]\.key/],
    ['nobody’s connection', [{ ...one, connection: 'n' }], /connection/],
    ['a factor of nothing', [{ ...one, factor: '0' }], /factor/],
    ['a NUL', [{ ...one, key: 'a\u0000' }], /key/],
    ['an empty value', [{ ...one, value: '' }], /value/],
    ['nothing', [], /entries/],
  ])('refuses %s as a whole', async (_, entries, says) => {
    const answer = await ask('/import', 'operator', { entries })
    expect([answer.status, answer.body.message]).toEqual([400, expect.stringMatching(says)])
    expect((await ask('?table=material', 'reader')).body).toEqual({ items: [], next: null })
  })
})
