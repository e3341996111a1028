/** What each answer of NC proves (facts: result codes of the exchange platform), with answers served as they are. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { WriteItem } from '../../src/core/ports.ts'
import { loadMapping } from '../../src/mapping/load.ts'

const root = path.resolve(import.meta.dirname, '../..')
let next: { status?: number; body: string; headers?: Record<string, string> } = { body: '' }
let requests = 0
const server = createServer((req, res) => {
  requests++
  req.resume()
  req.on('end', () => res.writeHead(next.status ?? 200, next.headers ?? {}).end(next.body))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const connector = await loadConnector(path.join(root, 'connectors/yonyou-nc'))
const open = () =>
  openConnection(
    connector,
    {
      id: 'nc',
      entity: 'main',
      company: { zone: 'UTC', currency: 'CNY' },
      settings: {
        base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        account: 'A',
        group: 'G',
        sender: 'S',
        pkOrg: 'O',
        bizType: 'B',
        customer: 'C',
        dept: 'D',
        taxCode: 'T',
        duplicateTexts: ['replace=Y'],
      },
    },
    (name) => loadMapping(path.join(root, `mappings/yonyou-nc/${name}.yaml`)),
  )
let nc = await open()
afterAll(async () => {
  await nc.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const item = (key: string): WriteItem => ({
  key,
  kind: 'order',
  revision: 1,
  body: Buffer.from(`<bill id="${key}"/>`),
  check: { number: null, total: null, lines: null },
})
const result = (id: string, code: string, text = '', content = '') =>
  `<sendresult><billpk>\n</billpk><bdocid>${id}</bdocid><resultcode>${code}</resultcode><resultdescription>${text}</resultdescription><content>${content}</content></sendresult>`
const answer = (successful: string, ...results: string[]) =>
  `<?xml version="1.0" encoding='UTF-8'?>\n<ufinterface roottag="sendresult" successful="${successful}">${results.join('\n')}</ufinterface>`
const write = (...keys: string[]) => nc.writes[0]!.write(keys.map(item), AbortSignal.timeout(5000))

describe('one bill', () => {
  const cases: [string, object][] = [
    ['1', { kind: 'done', remote: { id: 'PK', state: 'final' } }],
    ['01', { kind: 'unknown' }],
    ['-1', { kind: 'unknown' }],
    ['', { kind: 'unknown' }],
    ['-10000', { kind: 'unknown', code: '-10000' }],
    ['-10001', { kind: 'unknown' }],
    ['-10002', { kind: 'unknown' }],
    ['-40000', { kind: 'unknown' }],
    ['-12345', { kind: 'unknown' }],
    ['-31000', { kind: 'refused', duplicate: true }],
    ['31000', { kind: 'refused', duplicate: true, code: '-31000' }],
    ['-31004', { kind: 'not-done' }],
    ['-20000', { kind: 'not-done', pause: true }],
    ['-21001', { kind: 'not-done', pause: true }],
    ['-21105', { kind: 'not-done', pause: true }],
    ['-22001', { kind: 'not-done', pause: true }],
    ['-31100', { kind: 'not-done', pause: true }],
    ['-31101', { kind: 'not-done', pause: true }],
    ['-31102', { kind: 'not-done', pause: true }],
    ['-31103', { kind: 'not-done', pause: true }],
    ['-31116', { kind: 'not-done', pause: true }],
    ['-22021', { kind: 'refused' }],
    ['-22100', { kind: 'refused' }],
    ['-31200', { kind: 'refused' }],
    ['-31201', { kind: 'refused' }],
    ['-31206', { kind: 'refused' }],
    ['-32000', { kind: 'refused' }],
    ['-32001', { kind: 'refused' }],
    ['32001', { kind: 'refused', code: '-32001' }],
    ['-99999', { kind: 'refused' }],
  ]
  test.each(cases)('%s', async (code, outcome) => {
    next = { body: answer(code === '1' ? 'Y' : 'N', result('K1', code, 'why', code === '1' ? 'PK' : '')) }
    const [found] = await write('K1')
    expect(found).toMatchObject(outcome)
    if (found!.kind === 'refused' && !('duplicate' in outcome)) expect(found).not.toHaveProperty('duplicate')
    if (found!.kind !== 'done') expect(found!.message.length).toBeGreaterThan(0)
  })

  test('a plug-in that says in its own words that the bill is there', async () => {
    next = { body: answer('N', result('K1', '-32000', '单据已存在, 请设置 replace=Y')) }
    expect(await write('K1')).toMatchObject([{ kind: 'refused', duplicate: true, code: '-32000' }])
  })

  test('-31201 without a bill is about our address', async () => {
    next = { body: answer('N', result('', '-31201')) }
    expect(await write('K1')).toMatchObject([{ kind: 'not-done', pause: true }])
  })
})

describe('whole answers', () => {
  test.each([
    ['empty', { body: '' }, 'EMPTY'],
    ['not XML', { body: '<html><p>starting' }, 'CONNECTOR_ANSWER_UNREADABLE'],
    ['XML of another kind', { body: '<html></html>' }, 'NO_RESULT'],
    ['a 500', { status: 500, body: answer('Y', result('K1', '1')) }, 'HTTP_500'],
    ['a 400 of a proxy', { status: 400, body: 'bad' }, 'HTTP_400'],
  ])('%s is unknown', async (_, given, code) => {
    next = given
    expect(await write('K1')).toMatchObject([{ kind: 'unknown', code }])
  })

  test.each([
    [401, { kind: 'not-done', pause: true }],
    [404, { kind: 'not-done' }],
    [429, { kind: 'not-done', retryAfter: 7000 }],
  ])('HTTP %i never reached NC', async (status, outcome) => {
    next = { status, body: '', headers: { 'Retry-After': '7' } }
    expect(await write('K1')).toMatchObject([outcome])
    // one that was told to stay away does
    await nc.close()
    nc = await open()
  })

  test('a bill that did not come back is unknown, also when the others are done', async () => {
    next = { body: answer('Y', result('K1', '1', '', 'PK')) }
    expect(await write('K1', 'K2')).toMatchObject([{ kind: 'done' }, { kind: 'unknown', code: 'NOT_NAMED' }])
  })

  test('a bill that came back twice is unknown', async () => {
    next = { body: answer('N', result('K1', '1'), result('K1', '-32000')) }
    expect(await write('K1')).toMatchObject([{ kind: 'unknown' }])
  })

  test('every bill processed but the document not is a contradiction', async () => {
    next = { body: answer('N', result('K1', '1')) }
    expect(await write('K1')).toMatchObject([{ kind: 'unknown', code: 'CONTRADICTION' }])
  })

  test('a malformed document is halved down to its bills; wrong settings are not', async () => {
    next = { body: answer('N', result('', '-31003', 'bad')) }
    requests = 0
    expect(await write('K1', 'K2', 'K3')).toMatchObject(Array(3).fill({ kind: 'refused', code: '-31003' }))
    expect(requests).toBe(5)
    next = { body: answer('N', result('', '-31102', 'who')) }
    requests = 0
    expect(await write('K1', 'K2')).toMatchObject(Array(2).fill({ kind: 'not-done', pause: true }))
    expect(requests).toBe(1)
  })
})

describe('check()', () => {
  test.each([
    ['-31103', true, 'NC knows us'],
    ['-31102', false, 'register it'],
    ['-31201', false, 'address'],
    ['-20000', false, 'not configured'],
    ['-40000', false, 'strange'],
  ])('%s', async (code, ok, words) => {
    next = { body: answer('N', result('', code, 'strange')) }
    const found = await nc.check(AbortSignal.timeout(5000))
    expect(found.ok).toBe(ok)
    expect(found.say).toContain(words)
  })

  test('a page that is not NC is said so', async () => {
    next = { status: 404, body: '<html/>' }
    expect(await nc.check(AbortSignal.timeout(5000))).toEqual({ ok: false, say: 'HTTP 404 (HTTP_404)' })
  })
})
