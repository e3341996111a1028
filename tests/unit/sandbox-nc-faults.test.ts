import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { XMLParser } from 'fast-xml-parser'
import iconv from 'iconv-lite'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { YonyouNcOptions } from '../../src/sandbox/yonyou-nc/options.ts'
import { startYonyouNc } from '../../src/sandbox/yonyou-nc/server.ts'
import { ncStats, post, rawBills, readAnswer, setFaults } from '../support/nc-client.ts'
import { billsXml, billXml, documentXml } from '../support/nc-document.ts'

let folder = ''
const running = new Set<{ close(): Promise<void> }>()
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-nc-'))
})
afterEach(async () => {
  for (const server of running) await server.close()
  running.clear()
  rmSync(folder, { recursive: true })
})

async function start(options: Partial<YonyouNcOptions> = {}) {
  const nc = await startYonyouNc({ account: 'develop', group: 'G01', senders: ['SHOP'], ...options })
  running.add(nc)
  const stop = async () => {
    running.delete(nc)
    await nc.close()
  }
  return { url: nc.url, stop }
}
const once1 = { probability: 1, times: 1 }

/** The answer without any reading of it. */
async function bare(url: string, body: string) {
  const target = `${url}/service/XChangeServlet?account=develop&groupcode=G01`
  const res = await fetch(target, { method: 'POST', body })
  return { status: res.status, text: await res.text(), headers: res.headers }
}

describe('faults', () => {
  const xml = billsXml({ id: 'a' })
  const held = async (url: string) => (await rawBills(url)).length

  test.each(['resetBefore', 'resetAfter'])('%s cuts the line; only "after" commits', async (fault) => {
    const { url } = await start()
    await setFaults(url, { [fault]: once1 })
    await expect(bare(url, xml)).rejects.toThrow('fetch failed')
    const committed = fault === 'resetAfter'
    expect(await held(url)).toBe(committed ? 1 : 0)
    expect((await post(url, xml)).results[0]!.code).toBe(committed ? '-31000' : '1')
  })

  test.each([
    ['status429', 429, 0],
    ['status500', 500, 0],
    ['error500After', 500, 1],
    ['empty200', 200, 1],
  ])('%s answers %i and holds %i', async (fault, status, bills) => {
    const { url } = await start()
    await setFaults(url, { [fault]: once1 })
    const answer = await bare(url, xml)
    expect(answer.status).toBe(status)
    if (status === 200) expect(answer.text).toBe('')
    if (status === 429) expect(answer.headers.get('retry-after')).toBe('1')
    expect(await held(url)).toBe(bills)
  })

  test('a malformed answer stands behind a committed bill', async () => {
    const { url } = await start()
    await setFaults(url, { malformed: once1 })
    const { text } = await bare(url, xml)
    expect(text).toContain('<sendresult>')
    expect(() => readAnswer(text)).toThrow()
    expect(await held(url)).toBe(1)
  })

  test('latency, unknown faults, statistics', async () => {
    const { url } = await start()
    await setFaults(url, { latency: { probability: 1, times: 1, min: 150, max: 150 } })
    const from = performance.now()
    await post(url, xml)
    expect(performance.now() - from).toBeGreaterThan(140)
    await expect(setFaults(url, { gremlin: 1 })).rejects.toThrow('gremlin')
    await post(url, xml)
    const stats = await ncStats(url)
    expect(stats).toMatchObject({
      documents: 2,
      committed: 1,
      refused: { '-31000': 1 },
      faults: { latency: 1 },
    })
  })
})

describe('the log', () => {
  test('a restart holds the same bills, keys and codes, and goes on counting', async () => {
    const log = join(folder, 'nc.jsonl')
    const first = await start({ log })
    await post(first.url, billsXml({ id: 'a', head: { vnote: '普洱🍵' } }, { id: 'b' }))
    await post(first.url, documentXml(billXml({ id: 'b', rows: [{ norigtaxmny: '5' }] }), { replace: 'Y' }))
    const before = await rawBills(first.url)
    await first.stop()
    const second = await start({ log })
    expect(await rawBills(second.url)).toEqual(before)
    const again = await post(second.url, billsXml({ id: 'a' }, { id: 'b' }, { id: 'c' }))
    expect(again.results.map((r) => r.code)).toEqual(['-31000', '-31000', '1'])
    expect(before.map((b) => b.pk)).not.toContain(again.results[2]!.content)
  })

  test('what a SIGKILL tore is cut off, what was answered is there', async () => {
    const log = join(folder, 'nc.jsonl')
    const child: ChildProcess = fork(childScript(log), { stdio: 'ignore' })
    const [url] = (await once(child, 'message')) as [string]
    await post(url, billsXml({ id: 'a' }, { id: 'b' }))
    child.kill('SIGKILL')
    await once(child, 'exit')
    appendFileSync(log, '{"t":"bills","bills":[{"id":"torn"')
    const { url: after } = await start({ log })
    expect((await rawBills(after)).map((b) => b.id)).toEqual(['a', 'b'])
  })

  function childScript(log: string): string {
    const script = join(folder, 'child.mjs')
    const server = new URL('../../src/sandbox/yonyou-nc/server.ts', import.meta.url)
    writeFileSync(
      script,
      `import { startYonyouNc } from ${JSON.stringify(server.href)}
      const nc = await startYonyouNc({ account: 'develop', group: 'G01', senders: ['SHOP'], log: ${JSON.stringify(log)} })
      process.send(nc.url)`,
    )
    return script
  }
})

describe('big-file mode', () => {
  const parser = new XMLParser({ ignoreAttributes: false, parseTagValue: false, attributeNamePrefix: '@' })
  let receiver: Server
  let got: { bytes: Buffer; type: string }[] = []
  let refuse = 0
  let acknowledgeUrl = ''

  beforeEach(async () => {
    got = []
    refuse = 0
    receiver = createServer(async (req, res) => {
      const chunks: Buffer[] = []
      for await (const chunk of req) chunks.push(chunk as Buffer)
      if (refuse > 0) {
        refuse -= 1
        res.writeHead(503).end()
        return
      }
      got.push({ bytes: Buffer.concat(chunks), type: req.headers['content-type'] ?? '' })
      res.writeHead(204).end()
    })
    receiver.listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    acknowledgeUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/outbound`
  })
  afterEach(async () => {
    receiver.closeAllConnections()
    await new Promise((resolve) => receiver.close(resolve))
  })
  const arrived = (count: number) => vi.waitFor(() => expect(got).toHaveLength(count), { timeout: 5000 })

  test('"received" at once, the bill later, then an outbound document until it is taken', async () => {
    refuse = 2
    const { url } = await start({ bigFile: true, processAfter: 300, acknowledgeUrl, encoding: 'GBK' })
    const answer = await post(url, billsXml({ id: '单a', rows: [{}, {}] }))
    expect(answer.attributes.successful).toBe('Y')
    expect(answer.results).toMatchObject([{ id: '单a', code: '1', content: '' }])
    expect(await rawBills(url)).toEqual([])
    await arrived(1)
    const [bill] = await rawBills(url)
    expect(got[0]!.type).toBe('text/xml; charset=GBK')
    const root = parser.parse(iconv.decode(got[0]!.bytes, 'gbk')).ufinterface
    expect(root).toMatchObject({ '@billtype': '30', '@sender': 'nc' })
    expect(root.bill).toEqual({
      '@id': '单a',
      billhead: { csaleorderid: bill!.pk, vbillcode: bill!.code, ntotalorigmny: '226', fstatusflag: '1' },
    })
    const stats = async () => (await ncStats(url)).outbound
    await vi.waitFor(async () => expect(await stats()).toEqual({ waiting: 0, posts: 3, taken: 1 }))
  })

  test('a refused bill is reported to nobody; the document as a whole is still checked at once', async () => {
    const { url } = await start({ bigFile: true, processAfter: 0, acknowledgeUrl, dealRule: 'all-or-none' })
    const wrong = { id: 'b', rows: [{ ntaxmny: '1' }] }
    expect((await post(url, billsXml({ id: 'a' }, wrong))).results.map((r) => r.code)).toEqual(['1', '1'])
    expect((await post(url, billsXml({ id: 'c' }))).results[0]!.code).toBe('1')
    expect((await post(url, documentXml('', { sender: 'X' }))).results[0]!.code).toBe('-31102')
    await arrived(1)
    expect((await rawBills(url)).map((b) => b.id)).toEqual(['c'])
    const stats = await ncStats(url)
    expect(stats.refused).toEqual({ '-31004': 1, '-32000': 1, '-31102': 1 })
  })

  test('a stop between "received" and the import, and one before the report, lose nothing', async () => {
    const log = join(folder, 'big.jsonl')
    const options = { log, bigFile: true, acknowledgeUrl }
    const first = await start({ ...options, processAfter: 60_000 })
    await post(first.url, billsXml({ id: 'a' }))
    await first.stop()
    expect(got).toEqual([])

    refuse = Number.POSITIVE_INFINITY
    const second = await start({ ...options, processAfter: 0 })
    await vi.waitFor(async () => expect(await rawBills(second.url)).toHaveLength(1))
    await second.stop()

    refuse = 0
    const third = await start(options)
    await arrived(1)
    expect(await rawBills(third.url)).toHaveLength(1)
    await vi.waitFor(async () => {
      const { outbound } = await ncStats(third.url)
      expect(outbound?.taken).toBe(1)
    })
    await third.stop()
    const fourth = await start(options)
    const { outbound } = await ncStats(fourth.url)
    expect(outbound).toEqual({ waiting: 0, posts: 0, taken: 0 })
  })
})
