/** The connector `files`: folders of this machine, and the same over SFTP against a real OpenSSH server. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import iconv from 'iconv-lite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, RawRecord } from '../../src/core/ports.ts'
import { recordRows } from '../../src/pipeline/receive.ts'
import { documentOf, openConnector, readAll } from '../support/connection.ts'
import { sshdMissing } from '../support/machine.ts'
import { type SshdService, startSshd } from '../support/sshd.ts'

const signal = new AbortController().signal
const HEAD = '订单号,下单时间,付款时间,商品编码,商品名称,单价,数量,实付金额,收货人'
const LINES = [
  'SO-1,2026-06-10 10:00:00,2026-06-10 10:05:00,0012,茶杯,10.25,2,120.50,张三',
  'SO-1,2026-06-10 10:00:00,2026-06-10 10:05:00,A-2,"茶壶, 大",100.00,1,120.50,张三',
  'SO-2,2026-06-10 11:00:00,,A-2,茶壶,100.00,1,100.00,李四',
]
const CSV = `${[HEAD, ...LINES].join('\r\n')}\r\n`
const ORDERS = { match: 'orders*.*', id: '订单号', group: true, resting: '0s' }

let folder: string
const opened: Connection[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-files-'))
})
afterEach(async () => {
  for (const connection of opened.splice(0)) await connection.close()
  rmSync(folder, { recursive: true, force: true })
})

async function reading(order: object = ORDERS, more: object = {}): Promise<Connection> {
  const connection = await openConnector('files', { folder, order, ...more })
  opened.push(connection)
  return connection
}

const put = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content)
const valuesOf = (record: RawRecord) => JSON.parse(record.body.toString())
const inboxKeys = (records: RawRecord[]) =>
  recordRows('c', 'order', 'poll', records).map((r) => `${r.key} ${r.hash}`)
/** Reads as the pipe polls: it comes back for the next page when the last one is committed. */
async function poll(connection: Connection): Promise<RawRecord[]> {
  const { page } = connection.streams.find((s) => s.name === 'order')!
  const records: RawRecord[] = []
  let resume: unknown = null
  do {
    const read = await page({ since: new Date(0), until: new Date(), resume, kept: true }, signal)
    records.push(...read.records)
    resume = read.next === null ? null : JSON.parse(JSON.stringify(read.next))
  } while (resume !== null)
  return records
}

/** What `normalize` would park it with. */
function badness(connection: Connection, record: RawRecord): string {
  try {
    connection.parse(record)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

describe('files: a folder', () => {
  it('makes one order of its rows, and the document adds up', async () => {
    put('orders-1.csv', CSV)
    const connection = await reading()
    const records = await poll(connection)
    expect(records.map((r) => r.id)).toEqual(['SO-1', 'SO-2'])
    expect(valuesOf(records[1]!).file).toMatchObject({ name: 'orders-1.csv', line: 4 })
    expect(await documentOf(connection, 'order', records[0]!)).toMatchObject({
      externalId: 'SO-1',
      placedAt: '2026-06-10T02:00:00.000Z',
      payment: 'paid',
      lines: [
        { sku: '0012', goods: 2050 },
        { sku: 'A-2', name: '茶壶, 大', goods: 10000 },
      ],
      totals: { total: 12050 },
    })
  })

  it.each([
    ['gbk', (text: string) => iconv.encode(text, 'gbk')],
    ['UTF-8 with a mark', (text: string) => Buffer.from(`\ufeff${text}`)],
    [
      'utf-16le with a mark',
      (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
    ],
    ['tabs', (text: string) => Buffer.from(text.replace('"茶壶, 大"', '茶壶').replaceAll(',', '\t'))],
  ])('reads %s without being told', async (_, encode) => {
    put('orders.csv', encode(CSV))
    const [first] = await poll(await reading())
    expect(valuesOf(first!).row).toMatchObject({ 收货人: '张三', 商品编码: '0012' })
  })

  it('reads Excel: long ids as text, numbers and dates as a person sees them', async () => {
    const { writeXlsx } = await import('hucre/xlsx')
    const rows = [
      ['订单号', '下单时间', '单价', '数量', '号'],
      ['900719925474099312', new Date(Date.UTC(2026, 5, 10, 10, 0, 0)), 0.1 + 0.2, 2, 'x'],
      ['SO-2', '2026-06-10', 12.5, 3, 1.2345678901234568e18],
    ]
    put('orders.xlsx', await writeXlsx({ sheets: [{ name: 's', rows }] }))
    const connection = await reading({ ...ORDERS, group: false })
    const [first, second] = await poll(connection)
    expect(valuesOf(first!).row).toEqual({
      订单号: '900719925474099312',
      下单时间: '2026-06-10 10:00:00',
      单价: '0.3',
      数量: '2',
      号: 'x',
    })
    expect(badness(connection, second!)).toMatch(/orders.xlsx, line 3: column 号: a long number/)
  })

  it('parks a bad row with file and line; its neighbours go on', async () => {
    const wrong = ['SO-3,2026-06-10 10:00:00', 'SO-4,,,1.5E+12,x,1,1,1,y', ',,,X,x,1,1,1,y']
    put('orders.csv', [HEAD, LINES[2], ...wrong, LINES[2]!.replace('SO-2', 'SO-9')].join('\n'))
    const connection = await reading({ ...ORDERS, group: false })
    const records = await poll(connection)
    expect(records.map((r) => badness(connection, r))).toEqual([
      '',
      'orders.csv, line 3: 2 cells where 9 belong',
      'orders.csv, line 4: column 商品编码: a long number whose last digits Excel has lost',
      'orders.csv, line 5: column 订单号 is empty',
      '',
    ])
    expect(records.map((r) => r.id)).toEqual(['SO-2', 'SO-3', 'SO-4', 'orders.csv:5', 'SO-9'])
  })

  it('lets no order lose a line: a bad row holds back its group, one without a name its neighbours', async () => {
    const other = (id: string) => LINES[2]!.replace('SO-2', id)
    const rows = [other('A'), other('B'), 'B,short', other('C'), ',,,X,x,1,1,1,y', other('D'), other('E')]
    put('orders.csv', [HEAD, ...rows].join('\n'))
    const connection = await reading()
    const found = (await poll(connection)).map((r) => [
      r.id,
      badness(connection, r).replace(/^orders.csv, /, ''),
    ])
    expect(found).toEqual([
      ['A', ''],
      ['B', 'line 4: 2 cells where 9 belong'],
      ['C', 'line 6: it may belong to the record of line 5: column 订单号 is empty'],
      ['orders.csv:6', 'line 6: column 订单号 is empty'],
      ['D', 'line 6: it may belong to the record of line 7: column 订单号 is empty'],
      ['E', ''],
    ])
  })

  it.each([
    ['never closed', [LINES[2], LINES[2]!.replace('茶壶', '"茶壶')], ['SO-2']],
    // the quote of a later row closes it, and the number of cells is right again
    [
      'closed in another row',
      ['A', 'B', 'C', 'D'].map((id) =>
        LINES[2]!.replace('SO-2', id).replace('茶壶', id === 'B' ? '"茶壶' : id === 'C' ? '"壶"' : '壶'),
      ),
      ['A', 'D'],
    ],
  ])('a quote that is %s is a bad row, and no order of it passes for whole', async (_, rows, ids) => {
    put('orders.csv', [HEAD, ...rows].join('\n'))
    const connection = await reading({ ...ORDERS, group: false })
    const records = await poll(connection)
    const whole = records.filter((r) => badness(connection, r) === '')
    expect(whole.map((r) => r.id)).toEqual(ids)
    expect(records.map((r) => badness(connection, r))).toContain(
      'orders.csv, line 3: a quote is not closed where its cell ends',
    )
    // in groups it holds back those before and behind it
    const grouped = await reading()
    expect((await poll(grouped)).filter((r) => badness(grouped, r) === '')).toEqual([])
  })

  it('takes a file once by name, size and content, whatever happens to it or to us', async () => {
    put('orders-1.csv', CSV)
    const first = await reading()
    const keys = inboxKeys(await poll(first))
    expect(new Set(keys).size).toBe(2)
    expect(await poll(first)).toEqual([])
    // touched, but the same: read again and known
    utimesSync(join(folder, 'orders-1.csv'), new Date(), new Date())
    expect(inboxKeys(await poll(first))).toEqual(keys)
    // a process that has forgotten everything
    expect(inboxKeys(await poll(await reading()))).toEqual(keys)
    // corrected: other content, other deliveries
    put('orders-1.csv', CSV.replace('100.00,1,100.00', '100.00,2,200.00'))
    const corrected = inboxKeys(await poll(first))
    expect(corrected.filter((key) => keys.includes(key))).toEqual([])
  })

  it('moves a file only after its records were committed, the unreadable one elsewhere', async () => {
    const many = Array.from({ length: 1203 }, (_, i) => LINES[2]!.replace('SO-2', `N-${i}`))
    put('orders-1.csv', [HEAD, ...many].join('\n'))
    put('orders-2.csv', 'a,b\n1,2\n')
    utimesSync(join(folder, 'orders-1.csv'), 1_750_000_000, 1_750_000_000)
    const connection = await reading({ ...ORDERS, done: 'done', error: 'bad' })
    const { page } = connection.streams.find((s) => s.name === 'order')!
    const seen: string[] = []
    let resume: unknown = null
    let pages = 0
    do {
      const read = await page({ since: new Date(0), until: new Date(), resume, kept: true }, signal)
      // this page is not committed yet
      if (read.records.some((r) => r.id.startsWith('N-')))
        expect(readdirSync(folder)).toContain('orders-1.csv')
      // dying here and coming back in a new process reads the same page
      const again = await reading({ ...ORDERS, done: 'done', error: 'bad' })
      if (pages === 1) {
        const other = again.streams.find((s) => s.name === 'order')!
        const same = await other.page({ since: new Date(0), until: new Date(), resume }, signal)
        expect(inboxKeys(same.records)).toEqual(inboxKeys(read.records))
      }
      seen.push(...read.records.map((r) => r.id))
      resume = JSON.parse(JSON.stringify(read.next))
      pages += 1
    } while (resume !== null)
    expect(seen).toEqual([...many.map((_, i) => `N-${i}`), 'orders-2.csv:1'])
    expect(readdirSync(folder).sort()).toEqual(['bad', 'done'])
    expect([readdirSync(join(folder, 'done')), readdirSync(join(folder, 'bad'))]).toEqual([
      ['orders-1.csv'],
      ['orders-2.csv'],
    ])
    // the same name once more keeps both
    put('orders-1.csv', CSV)
    expect(await poll(connection)).toHaveLength(2)
    expect(readdirSync(join(folder, 'done'))).toHaveLength(2)
  })

  it('moves nothing for a reader that only looks, and gives the same to the one that keeps', async () => {
    put('orders-1.csv', CSV)
    const connection = await reading({ ...ORDERS, done: 'done' })
    const looked = inboxKeys(await readAll(connection, 'order', signal))
    expect(looked).toHaveLength(2)
    expect(readdirSync(folder)).toEqual(['orders-1.csv'])
    expect(inboxKeys(await poll(connection))).toEqual(looked)
    expect(readdirSync(folder)).toEqual(['done'])
  })

  it('leaves half-written files alone: growing, unfinished by name, without their marker', async () => {
    const connection = await reading({ ...ORDERS, resting: '200ms' })
    put('orders-1.csv', CSV.slice(0, 40))
    put('orders-2.csv.part', CSV)
    const growing = setInterval(() => writeFileSync(join(folder, 'orders-1.csv'), 'x', { flag: 'a' }), 50)
    // copies keep the time of the original: an old file may still grow
    utimesSync(join(folder, 'orders-1.csv'), 1_750_000_000, 1_750_000_000)
    expect(await poll(connection)).toEqual([])
    clearInterval(growing)
    put('orders-1.csv', CSV)
    renameSync(join(folder, 'orders-2.csv.part'), join(folder, 'orders-2.csv'))
    await sleep(20)
    const read = await poll(connection)
    expect(read.map((r) => valuesOf(r).file.name).sort()).toEqual([
      'orders-1.csv',
      'orders-1.csv',
      'orders-2.csv',
      'orders-2.csv',
    ])

    const marked = await reading({ ...ORDERS, match: '*.txt', marker: '.done', done: 'kept' })
    put('a.txt', CSV)
    expect(await poll(marked)).toEqual([])
    put('a.txt.done', '')
    expect(await poll(marked)).toHaveLength(2)
    // the marker goes along: it would speak for the next file of this name
    expect(readdirSync(join(folder, 'kept')).sort()).toEqual(['a.txt', 'a.txt.done'])
  })

  it('tells a folder that is away from settings that are wrong', async () => {
    const away = await reading(ORDERS, { folder: join(folder, 'none') })
    await expect(poll(away)).rejects.toMatchObject({ code: 'SOURCE_AWAY', kind: 'transient' })
    expect((await away.check(signal)).ok).toBe(false)
    put('orders.csv', 'x,y\n1,2\n')
    const connection = await reading()
    const [bad] = await poll(connection)
    expect(badness(connection, bad!)).toBe(
      'orders.csv, line 1: there is no column "订单号"; the head says x, y',
    )
    await expect(reading({ match: '*.csv' })).rejects.toMatchObject({ code: 'SOURCE_STREAM' })
    mkdirSync(join(folder, 'orders-folder.csv'))
    expect(await poll(connection)).toEqual([])
  })
})

describe.skipIf(sshdMissing())(`files: SFTP${sshdMissing() ? ` (${sshdMissing()})` : ''}`, () => {
  let sshd: SshdService
  beforeAll(async () => {
    sshd = await startSshd()
  }, 60_000)
  afterAll(() => sshd.stop())
  const address = () => ({
    ...{ host: '127.0.0.1', port: sshd.port, user: sshd.user, key: sshd.key, fingerprint: sshd.fingerprint },
  })

  it('reads, takes once, and moves what is committed', async () => {
    put('orders-1.csv', iconv.encode(CSV, 'gb18030'))
    const connection = await reading({ ...ORDERS, done: 'done' }, address())
    expect((await connection.check(signal)).say).toMatch(/127.0.0.1 shows a folder of 1 files/)
    const records = await poll(connection)
    expect(records.map((r) => r.id)).toEqual(['SO-1', 'SO-2'])
    expect(valuesOf(records[0]!).row.收货人).toBe('张三')
    expect(readdirSync(folder)).toEqual(['done'])
    put('orders-1.csv', CSV.replace('SO-2', 'SO-3'))
    expect((await poll(connection)).map((r) => r.id)).toEqual(['SO-1', 'SO-3'])
    expect(readdirSync(join(folder, 'done'))).toHaveLength(2)
  })

  it('believes no other server, and says what it saw', async () => {
    put('orders-1.csv', CSV)
    for (const fingerprint of ['', 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']) {
      const failure = await poll(await reading(ORDERS, { ...address(), fingerprint })).catch((e) => e)
      expect(failure).toMatchObject({ code: 'SOURCE_REFUSED', kind: 'config' })
      expect(failure.message).toContain(sshd.fingerprint)
      expect(`${failure.message} ${failure.stack}`).not.toContain('PRIVATE KEY')
    }
  })

  it('tells refused credentials from a server that is away', async () => {
    const other = await poll(
      await reading(ORDERS, { ...address(), key: '', password: 'example-wrong' }),
    ).catch((e) => e)
    expect(other).toMatchObject({ code: 'SOURCE_REFUSED' })
    expect(other.message).not.toContain('example-wrong')
    const broken = await poll(await reading(ORDERS, { ...address(), key: 'no key' })).catch((e) => e)
    expect(broken).toMatchObject({ code: 'SOURCE_REFUSED' })
    await expect(poll(await reading(ORDERS, { ...address(), port: 9 }))).rejects.toMatchObject({
      code: 'SOURCE_AWAY',
    })
    await expect(
      poll(await reading(ORDERS, { ...address(), folder: '/nowhere/at/all' })),
    ).rejects.toMatchObject({ code: 'SOURCE_AWAY' })
  })

  it('dials again when the line broke', async () => {
    const sockets = new Set<Socket>()
    const proxy = createServer((socket) => {
      const onward = connect(sshd.port, '127.0.0.1')
      for (const one of [socket, onward]) sockets.add(one.on('error', () => {}))
      socket.pipe(onward).pipe(socket)
    })
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
    try {
      put('orders-1.csv', CSV)
      const { port } = proxy.address() as AddressInfo
      const connection = await reading(ORDERS, { ...address(), port })
      expect(await poll(connection)).toHaveLength(2)
      for (const socket of sockets) socket.destroy()
      put('orders-2.csv', CSV)
      await sleep(50)
      expect(await poll(connection)).toHaveLength(2)
      await connection.close()
    } finally {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => proxy.close(done))
    }
  })
})
