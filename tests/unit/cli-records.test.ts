/** `tributary records` and `documents`, as a shell runs them, over the socket of a process that holds the ledger. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { appendRecords, type InboxRow } from '../../src/ledger/inbox.ts'
import { type Control, serveControl } from '../../src/runtime/control.ts'
import { controlPath } from '../../src/runtime/control-protocol.ts'
import { inboxRow, RAW, testOrder } from '../support/ledgers.ts'
import { type Office, openOffice, parkRecord, type Seeded } from '../support/office.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tributary-records-'))
let office: Office
let control: Control
let seeded: Seeded

const CONFIG = `company: { zone: Asia/Shanghai, currency: CNY }
connections:
  web: { use: shopify, settings: { base: "http://127.0.0.1:1", token: "\${T}", secret: "\${T}" } }
  nc: { use: naive-erp, settings: { base: "http://127.0.0.1:1", token: "\${T}" } }
flows:
  web-orders: { shops: [web], erp: nc, from: 2026-01-01T00:00:00Z, mode: shadow }
`

beforeAll(async () => {
  writeFileSync(join(folder, 'tributary.yaml'), CONFIG)
  mkdirSync(join(folder, 'data'))
  office = await openOffice()
  control = await serveControl(office.operations, controlPath(join(folder, 'data')))
}, 60_000)
afterAll(async () => {
  await control.close()
  await office.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  seeded = await office.seed()
  office.calls.length = 0
})

interface Ran {
  code: number | null
  bytes: Buffer
  out: string
  err: string
}

function run(line: string, env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...line.split(' ')], {
      cwd: folder,
      env: { PATH: process.env.PATH, T: 'secret-of-the-test', ...env },
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk) => out.push(chunk))
    child.stderr.on('data', (chunk) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      const bytes = Buffer.concat(out)
      resolve({ code, bytes, out: bytes.toString(), err: Buffer.concat(err).toString() })
    })
  })
}

const CHINESE = { TRIBUTARY_LANG: 'zh-CN' }

async function arrived(id: string, body: Buffer, more: Partial<InboxRow> = {}): Promise<string> {
  const [record] = await appendRecords(office.desk.db, [{ ...inboxRow(testOrder(id), body), ...more }])
  return String(record)
}

describe('records list', () => {
  test('by number, key or id with its connection; says how to read one', async () => {
    const terms = [seeded.order, seeded.number, `${seeded.externalId} --connection web`]
    const [byKey, byNumber, byId] = await Promise.all(terms.map((term) => run(`records list ${term}`)))
    for (const ran of [byKey!, byNumber!, byId!]) {
      expect(ran.out).toMatch(new RegExp(`\\n${seeded.record}  .*  web  .*  webhook  .*application/json\\n$`))
      expect(ran.err).toBe('to read one: tributary records show <record>\n')
      expect(ran.code).toBe(0)
    }
    const json = await run(`records list ${seeded.order} --limit 1 --json`)
    expect(JSON.parse(json.out)).toMatchObject({ items: [{ id: seeded.record, bytes: 'kept' }], next: null })
    expect(json.err).toBe('')
    const chinese = await run(`records list ${seeded.order}`, CHINESE)
    expect(chinese.out).toContain('接收时间')
    expect(office.calls.at(-1)).toEqual(['recordList', { order: seeded.order }])
  })

  test('an order that nobody knows', async () => {
    const ran = await run('records list nobody')
    expect([ran.code, ran.out]).toEqual([1, ''])
    expect(ran.err).toContain('RUNTIME_UNKNOWN')
  })
})

describe('records show', () => {
  test('what it is, and the bytes indented', async () => {
    const english = await run(`records show ${seeded.record}`)
    for (const line of ['from: web ', 'origin: webhook', 'content type: application/json', 'state: done']) {
      expect(english.out).toContain(line)
    }
    expect(english.out).toMatch(/^received: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/m)
    expect(english.out).toMatch(/^bytes: \d+ · sha256 [0-9a-f]{16}$/m)
    expect(english.out).toContain(`\n\n{\n  "connection": "web",\n`)
    expect((await run(`records show ${seeded.record}`, CHINESE)).out).toContain('来源: web')
  })

  test('--raw: exactly the bytes, text or not', async () => {
    const id = await arrived('raw1', RAW)
    const raw = await run(`records show ${id} --raw`)
    expect([raw.bytes, raw.err, raw.code]).toEqual([RAW, '', 0])
    const large = Buffer.alloc(3_000_000, 'order ')
    expect((await run(`records show ${await arrived('raw2', large)} --raw`)).bytes.equals(large)).toBe(true)
    expect((await run(`records show ${id}`)).out).toContain(
      `${RAW.length} bytes are not text in utf-8; --raw writes them`,
    )
    const json = JSON.parse((await run(`records show ${id} --json`)).out)
    expect(Buffer.from(json.body, 'base64')).toEqual(RAW)
    const both = await run(`records show ${id} --raw --json`)
    expect([both.code, both.out]).toEqual([2, ''])
  })

  test('bytes that are gone or damaged are said; --raw writes nothing and fails', async () => {
    const { db } = office.desk
    const id = await arrived('gone1', Buffer.from('{"a":1}'))
    await db.query(
      `update inbox_block set body = '\\x00' where id = (select block from inbox where id = ${id})`,
    )
    expect((await run(`records show ${id}`)).out).toContain('bytes: damaged (were 7)')
    const damaged = await run(`records show ${id} --raw`)
    expect([damaged.code, damaged.out]).toEqual([1, ''])
    expect(damaged.err).toContain('RECORD_DAMAGED')
    await db.query('update inbox set block = null where id = $1', [id])
    expect((await run(`records show ${id}`)).out).toContain('bytes: trimmed (were 7)')
    expect((await run(`records show ${id}`, CHINESE)).out).toContain('已清除')
    expect((await run(`records show ${id} --raw`)).err).toContain('RUNTIME_BYTES_TRIMMED')
    const json = JSON.parse((await run(`records show ${id} --json`)).out)
    expect(json).toMatchObject({ bytes: 'trimmed', body: null })
  })

  test('what names a record says how to read it', async () => {
    await parkRecord(office, seeded)
    const how = `tributary records show ${seeded.record}`
    expect((await run('parked list')).out).toContain(`what was sent: ${how}`)
    expect((await run('parked list', CHINESE)).out).toContain(`原始内容：${how}`)
    const story = await run(`orders show ${seeded.order}`)
    expect(story.out).toContain(how)
    expect(story.out).toContain(`what was sent: tributary records list ${seeded.order}`)
  })
})

describe('documents', () => {
  test('list and show, by kind and by what they belong to; the fields only when asked for', async () => {
    const key = `web/order/${seeded.externalId}`
    const [listed, about, shown, chinese, whole] = await Promise.all([
      run('documents list --kind order --limit 1'),
      run(`documents list --about ${seeded.order} --json`),
      run(`documents show ${key}`),
      run(`documents show ${key}`, CHINESE),
      run(`documents show ${key} --content --json`),
    ])
    expect(listed.out).toMatch(/^document +number +version +state +changed\nweb\/order\//)
    expect(JSON.parse(about!.out).items.map((d: { key: string }) => d.key)).toEqual([key])
    expect(shown.out).toContain(`document: ${key}`)
    expect(shown.out).toContain('mapped into a document')
    expect(shown.out).not.toContain('Maria')
    expect(chinese.out).toContain(`单据: ${key}`)
    expect(JSON.parse(whole.out)).toMatchObject({ key, content: { buyer: { name: 'Maria' } } })
  })

  test('a kind that is none, and a document that is not there', async () => {
    const [kind, none, help] = await Promise.all([
      run('documents list --kind parcel'),
      run('documents show web/return/nobody'),
      run('documents list --help'),
    ])
    expect([kind.code === 0, none.code === 0]).toEqual([false, false])
    expect(kind.err).toContain('RUNTIME_REQUEST')
    expect(none.err).toContain('RUNTIME_UNKNOWN')
    expect(help.out.replace(/\s+/g, ' ')).toContain('order, return, refund, cancellation, shipment, stock')
  })
})
