// biome-ignore-all lint/suspicious/noExplicitAny: JSON answers are looked at as any script would
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { languageFrom } from '../../src/cli/language.ts'
import { clean, table, widthOf } from '../../src/cli/table.ts'
import { en } from '../../src/cli/text/en.ts'
import { zh } from '../../src/cli/text/zh.ts'
import { tell } from '../../src/ledger/journal.ts'
import { changeTasks } from '../../src/ledger/task.ts'
import { CONFIG, cliFolder, MAIN, openCliOffice, runProgram } from '../support/cli-office.ts'
import { drive } from '../support/ledgers.ts'
import { type Office, parkRecord, type Seeded } from '../support/office.ts'

const folder = cliFolder()
let office: Office
let closeOffice: () => Promise<void>

beforeAll(async () => {
  const opened = await openCliOffice(folder)
  office = opened.office
  closeOffice = opened.close
}, 60_000)
afterAll(() => closeOffice())

const run = (args: string[], env: Record<string, string> = {}, cwd = folder) => runProgram(args, cwd, env)

const by = userInfo().username

/** What a command line names: parts of the order that was made for the test. */
const filled = (text: string, seeded: Seeded) =>
  text.replace(/<(\w+)>/g, (_, name: string) => seeded[name as keyof Seeded])

describe('commands', () => {
  let seeded: Seeded
  beforeEach(async () => {
    seeded = await office.seed()
    office.calls.length = 0
  })
  const why = { why: 'because', by }
  test.each([
    [
      'orders list --connection web --progress parked --limit 3 --after 1000000',
      'ordersList',
      { connection: 'web', progress: 'parked', limit: 3, after: '1000000' },
      0,
    ],
    ['orders list --since 2026-01-01T00:00:00+08:00', 'ordersList', { since: '2025-12-31T16:00:00.000Z' }, 0],
    ['orders show <order>', 'orderShow', { ref: '<order>' }, 0],
    ['orders show 99', 'orderShow', { ref: '99' }, 1],
    ['orders find <externalId>', 'find', { term: '<externalId>' }, 0],
    ['orders find 4711', 'find', { term: '4711' }, 1],
    [
      'push list --state rejected --kind order --mode live --flow f --connection nc',
      'pushList',
      { connection: 'nc', flow: 'f', kind: 'order', state: 'rejected', mode: 'live' },
      0,
    ],
    ['push show <push>', 'pushShow', { id: '<push>', body: false }, 0],
    ['push show <push> --body', 'pushShow', { id: '<push>', body: true }, 0],
    [
      'push retry <push> 999999 --why because',
      'pushRetry',
      { select: { ids: ['<push>', '999999'] }, ...why },
      0,
    ],
    [
      'push retry --connection nc --state rejected',
      'pushRetry',
      { select: { filter: { connection: 'nc', state: 'rejected' } }, by },
      0,
    ],
    [
      'push resolve <push> --written R<push> --number SO1',
      'pushResolve',
      { id: '<push>', resolution: { as: 'written', remoteId: 'R<push>', number: 'SO1' }, by },
      0,
    ],
    [
      'push resolve <push> --not-written --why because',
      'pushResolve',
      { id: '<push>', resolution: { as: 'not-written' }, ...why },
      0,
    ],
    [
      'push resolve <push> --withdraw',
      'pushResolve',
      { id: '<push>', resolution: { as: 'withdrawn' }, by },
      0,
    ],
    ['parked list', 'parkedList', {}, 4],
    ['parked list --connection quiet', 'parkedList', { connection: 'quiet' }, 0],
    [
      'parked retry --code PUSH_REJECTED',
      'parkedRetry',
      { select: { filter: { code: 'PUSH_REJECTED' } }, by },
      0,
    ],
    ['parked discard <parked> --why because', 'parkedDiscard', { select: { ids: ['<parked>'] }, ...why }, 0],
    [
      'replay web --stream order --since 2026-01-01T00:00:00Z',
      'replay',
      { connection: 'web', stream: 'order', since: '2026-01-01T00:00:00.000Z', by },
      0,
    ],
    ['replay web 1 2', 'replay', { connection: 'web', ids: ['1', '2'], by }, 0],
    ['pause --connection nc --why because', 'pause', { connection: 'nc', ...why }, 0],
    ['pause', 'pauses', {}, 0],
    ['resume --flow f --kind order', 'resume', { flow: 'f', kind: 'order', by }, 0],
    ['doctor', 'doctor', {}, 4],
    ['configuration list --limit 5', 'configurationList', { limit: 5 }, 0],
    ['configuration show', 'configurationShow', {}, 0],
    ['configuration show 999', 'configurationShow', { id: '999' }, 1],
    ['rollback 999 --yes', 'configurationShow', { id: '999' }, 1],
    [
      'token create board-30 --scope operate --days 30',
      'tokenCreate',
      { name: 'board-30', scope: 'operate', days: 30, by },
      0,
    ],
    ['token list', 'tokenList', {}, 0],
    ['token revoke <token>', 'tokenRevoke', { id: '<token>', by }, 0],
    ['token revoke nobody', 'tokenRevoke', { id: 'nobody', by }, 1],
    ['backup b.tar', 'backup', { to: join(folder, 'b.tar') }, 0],
  ])('%s', async (line, method, params, code) => {
    const ran = await run([...filled(line, seeded).split(' '), '--json'])
    expect(office.calls).toEqual([[method, JSON.parse(filled(JSON.stringify(params), seeded))]])
    expect({ code: ran.code, err: code === 1 ? '' : ran.err }).toEqual({ code, err: '' })
    if (code !== 1) expect(() => JSON.parse(ran.out)).not.toThrow()
  })

  test.each([
    'push resolve 17',
    'push resolve 17 --withdraw --not-written',
    'push retry',
    'push retry 17 --connection nc',
    'push list --state gone',
    'orders list --progress gone',
    'orders list --limit 0',
    'orders list --since yesterday',
    'parked discard',
    'replay web',
    'resume',
    'token create x --scope all',
    'orders show',
    'orders shwo 1',
    'nonsense',
    'orders list --colour red',
    'backup a b',
  ])('%s is a wrong call: exit code 2, nothing asked', async (line) => {
    const ran = await run(line.split(' '))
    expect(office.calls).toEqual([])
    expect(ran.code).toBe(2)
    expect(ran.out).toBe('')
    expect(ran.err).not.toBe('')
    expect(ran.err).not.toContain('    at ')
  })

  test('the story of an order, in both languages, by TRIBUTARY_LANG and by LANG', async () => {
    const { db } = office.desk
    const { order, push, document, key } = await office.desk.pushed()
    await drive(db, push, 'confirmed', { remoteId: `PK${push}`, remoteNumber: 'SO1' })
    const about = { connection: 'web', orderId: order.externalId, orderNumber: order.number }
    const task = { kind: 'amend-needed', open: true, documentId: document, pushId: push, detail: {} } as const
    await changeTasks(db, [{ ...task, ...about }])
    await tell(db, [
      {
        connection: 'web',
        subject: order.externalId,
        event: 'something-new',
        data: { push, to: 'nc', count: 2 },
      },
    ])
    await parkRecord(office, { ...seeded, externalId: order.externalId })
    const english = await run(['orders', 'show', key])
    expect(english.out).toContain(`${order.number}  (${key})`)
    expect(english.out).toContain('2.750 KWD')
    expect(english.out).toMatch(/^\d{4}-\d\d-\d\d\n {2}\d\d:\d\d:\d\dZ {2}received · web · .*origin webhook/m)
    expect(english.out).toMatch(new RegExp(`something-new · nc, push ${push} · .*count 2`))
    expect(english.out).toContain('→ nc: order SO1')
    expect(english.out).toContain('to do: amend-needed')
    expect(english.out).toMatch(/parked \(\d+\): 1 line\(s\) have no SKU: 3/)
    const environments: Record<string, string>[] = [
      { TRIBUTARY_LANG: 'zh-CN', LANG: 'en_US.UTF-8' },
      { LANG: 'zh_CN.UTF-8' },
    ]
    for (const env of environments) {
      const chinese = await run(['orders', 'show', key], env)
      expect(chinese.out).toContain('已接收')
      expect(chinese.out).toContain('1 行没有 SKU：3')
    }
  })

  test('what is parked comes with its fix', async () => {
    await parkRecord(office, seeded)
    const ran = await run(['parked', 'list'])
    expect(ran.out).toContain('RECORD_NO_SKU')
    expect(ran.out).toContain('→ Give the products a SKU in the shop')
  })

  test('failures name the code and the fix; with --json as JSON on standard error', async () => {
    const plain = await run(['push', 'show', '999999'])
    expect(plain.err).toContain('RUNTIME_UNKNOWN: there is no push 999999\n  → ')
    const json = await run(['push', 'show', '999999', '--json'], { TRIBUTARY_LANG: 'zh' })
    expect(JSON.parse(json.err).errors[0]).toMatchObject({ code: 'RUNTIME_UNKNOWN', kind: 'input' })
    expect(json.err).toContain('没有')
    expect(json.out).toBe('')
  })

  test('a token alone on standard output, so that a script can take it', async () => {
    const ran = await run(['token', 'create', 'x'])
    expect(ran.out).toMatch(/^trib_[\w-]+\n$/)
    expect(await office.operations.verifyToken({ token: ran.out.trim() })).toMatchObject({ name: 'x' })
    expect(ran.err).toContain('not shown again')
  })
})

describe('help and version', () => {
  test('every command stands in the help, in both languages', async () => {
    const names =
      'start serve work init check migrate backup restore sandbox orders push parked replay pause resume doctor token'
    const [english, chinese, version] = await Promise.all([
      run(['--help']),
      run(['--help'], { TRIBUTARY_LANG: 'zh-CN' }),
      run(['--version']),
    ])
    expect([english.code, chinese.code, version.code]).toEqual([0, 0, 0])
    for (const name of names.split(' ')) {
      expect(english.out).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
      expect(chinese.out).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
    }
    expect(english.out).toContain('Exit codes')
    expect(chinese.out).toContain('退出码')
    expect(chinese.out).toContain('用法：')
    expect(version.out.trim()).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version)
  })

  test('a near miss is named', async () => {
    expect((await run(['ordres'])).err).toContain('orders')
    expect((await run(['ordres'], { TRIBUTARY_LANG: 'zh' })).err).toContain('没有名为')
  })
})

describe('configuration', () => {
  test('no file: exit code 3 and how to make one', async () => {
    const ran = await run(['--config', 'none.yaml', 'orders', 'list'])
    expect(ran.code).toBe(3)
    expect(ran.err).toContain('CONFIG_FILE_MISSING')
    expect(ran.err).toContain('tributary init')
  })

  test('a wrong file: every mistake with its line, none of them a secret', async () => {
    const wrong = join(folder, 'wrong.yaml')
    writeFileSync(wrong, CONFIG.replace('shopify', 'shopfy').replace('erp: nc', 'erp: cn'))
    const ran = await run(['--config', wrong, 'check'])
    expect(ran.code).toBe(3)
    expect(ran.err).toContain('did you mean "shopify"')
    expect(ran.err).toContain('did you mean "nc"')
    expect(ran.err + ran.out).not.toContain('secret-of-the-test')
    const json = JSON.parse((await run(['--config', wrong, 'check', '--json'])).err)
    expect(json.errors.map((e: any) => [e.code, e.line])).toEqual([
      ['CONFIG_UNKNOWN_CONNECTOR', 3],
      ['CONFIG_UNKNOWN_CONNECTION', 6],
    ])
  })

  test('a variable that is not set', async () => {
    const ran = await run(['check'], { T: '' })
    expect(ran.code).toBe(3)
    expect(ran.err.match(/CONFIG_SECRET_MISSING/g)).toHaveLength(3)
  })

  test('init writes a file that check then reads; it never overwrites one', async () => {
    const own = mkdtempSync(join(tmpdir(), 'tributary-init-'))
    const ran = await run(['init', '--erp', 'naive-erp'], {}, own)
    expect(ran.code).toBe(0)
    const text = readFileSync(join(own, 'tributary.yaml'), 'utf8')
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/tributary\.schema\.json\n/)
    expect(existsSync(join(own, 'tributary.schema.json'))).toBe(true)
    const again = await run(['init'], {}, own)
    expect([again.code, again.err]).toEqual([3, expect.stringContaining('CONFIG_FILE_EXISTS')])
    expect(readFileSync(join(own, 'tributary.yaml'), 'utf8')).toBe(text)
    const check = await run(['check'], {}, own)
    expect(check.code).toBe(3)
    expect(check.err).toContain('MY_SHOP_TOKEN')
    const other = await run(['--config', 'b.yaml', 'init', '--shop', 'shopfy'], {}, own)
    expect(other.err).toContain('did you mean "shopify"')
    rmSync(own, { recursive: true })
  })
})

describe('sandbox', () => {
  test('starts one, says where, and ends on SIGTERM', async () => {
    const child = spawn(process.execPath, [MAIN, 'sandbox', 'naive-erp', '--lag', '0,10', '--json'], {
      env: { PATH: process.env.PATH },
    })
    let out = ''
    for await (const chunk of child.stdout) {
      out += chunk
      if (out.includes('}')) break
    }
    const { url, pid } = JSON.parse(out)
    expect(pid).toBe(child.pid)
    expect((await fetch(`${url}/documents?reference=x`)).status).toBe(401)
    const ended = new Promise((done) => child.on('close', (code) => done(code)))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  test('a wrong option value is a wrong call', async () => {
    expect((await run(['sandbox', 'naive-erp', '--lag', 'often'])).code).toBe(2)
  })
})

describe('texts', () => {
  test('both languages fill in the same values', () => {
    const values = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort()
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect([key, values(zh[key])]).toEqual([key, values(en[key])])
    }
  })

  test('the language is the first one that is stated', () => {
    expect(languageFrom({})).toBe('en')
    expect(languageFrom({ LANG: 'C.UTF-8' })).toBe('en')
    expect(languageFrom({ LC_ALL: 'zh_TW.UTF-8', LANG: 'en' })).toBe('zh')
    expect(languageFrom({ TRIBUTARY_LANG: 'en', LANG: 'zh_CN' })).toBe('en')
  })

  test('tables count Chinese characters as two and let no text steer the terminal', () => {
    expect(widthOf('订单a')).toBe(5)
    expect(
      table(
        ['a', 'b'],
        [
          ['订单', 1],
          ['x', null],
        ],
      ),
    ).toBe('a     b\n订单  1\nx     —')
    expect(clean('a\u001b[31mb\nc')).toBe('a [31mb c')
  })
})
