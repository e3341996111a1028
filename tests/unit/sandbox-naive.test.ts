import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { NaiveErpOptions } from '../../src/sandbox/naive-erp/options.ts'
import { startNaiveErp } from '../../src/sandbox/naive-erp/server.ts'

let folder = ''
const running = new Set<{ close(): Promise<void> }>()
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-naive-'))
})
afterEach(async () => {
  for (const server of running) await server.close()
  running.clear()
  rmSync(folder, { recursive: true })
})

/** What the tests read of one entry of `GET /_sandbox/documents`. */
interface Raw {
  reference: string
  state: string
  changes: { at: number; visibleAt: number; late: boolean }[]
}

/** Prompt and without lag unless told otherwise. */
async function start(options: Partial<NaiveErpOptions> = {}) {
  const erp = await startNaiveErp({ token: 't', lateRate: 0, lag: [0, 0], ...options })
  running.add(erp)
  const call = async (method: string, path: string, body?: unknown, init: RequestInit = {}) => {
    const headers = { Authorization: 'Bearer t', 'Content-Type': 'application/json' }
    const text = body === undefined ? {} : { body: JSON.stringify(body) }
    const res = await fetch(erp.url + path, { method, headers, ...text, ...init })
    const answer = await res.text()
    const json = res.headers.get('content-type')?.startsWith('application/json')
    return { status: res.status, headers: res.headers, body: json ? JSON.parse(answer) : answer }
  }
  const stop = async () => {
    running.delete(erp)
    await erp.close()
  }
  const create = async (reference = 'R1') =>
    (await call('POST', '/documents', body(reference))).body.id as string
  const found = async (reference = 'R1') =>
    (await call('GET', `/documents?reference=${encodeURIComponent(reference)}`)).body.documents as {
      state: string
    }[]
  const raw = async () => (await call('GET', '/_sandbox/documents')).body as Raw[]
  const faults = (patch: unknown) => call('POST', '/_sandbox/faults', patch)
  return { call, stop, create, found, raw, faults }
}

const lines = [
  { ref: '11', item: 'TEA-001', quantity: '2', amount: '19.90', tax: '2.29' },
  { ref: 'shipping', item: 'SHIPPING', quantity: '1', amount: '0.1', tax: '0' },
]
const body = (reference: string) => ({
  reference,
  number: '#1',
  currency: 'CNY',
  source: '7',
  lines,
  total: '20',
})
const GIVE_UP = 120

describe('documents', () => {
  test('draft, confirm, read, find', async () => {
    const erp = await start()
    const created = await erp.call('POST', '/documents', body('R 1&2'))
    expect(created).toMatchObject({ status: 201, body: { state: 'draft' } })
    const { id } = created.body
    expect((await erp.call('POST', `/documents/${id}/confirm`)).body).toEqual({ id, state: 'confirmed' })
    expect(await erp.call('POST', `/documents/${id}/confirm`)).toMatchObject({ status: 200 })
    expect((await erp.call('GET', `/documents/${id}`)).body).toEqual({
      ...body('R 1&2'),
      id,
      state: 'confirmed',
    })
    expect(await erp.found('R 1&2')).toEqual([{ ...body('R 1&2'), id, state: 'confirmed' }])
    expect(await erp.found('R')).toEqual([])
  })

  test('nothing is unique', async () => {
    const erp = await start()
    const ids = [await erp.create(), await erp.create()]
    expect(new Set(ids).size).toBe(2)
    expect(await erp.found()).toHaveLength(2)
  })

  test('only drafts can be deleted', async () => {
    const erp = await start()
    const [draft, firm] = [await erp.create(), await erp.create()]
    await erp.call('POST', `/documents/${firm}/confirm`)
    expect((await erp.call('DELETE', `/documents/${firm}`)).status).toBe(409)
    expect((await erp.call('DELETE', `/documents/${draft}`)).body).toEqual({ id: draft, state: 'deleted' })
    expect((await erp.call('GET', `/documents/${draft}`)).status).toBe(404)
    expect((await erp.call('DELETE', `/documents/${draft}`)).status).toBe(404)
    expect((await erp.call('POST', `/documents/${draft}/confirm`)).status).toBe(404)
    expect((await erp.found()).map((d) => d.state)).toEqual(['confirmed'])
    expect((await erp.raw()).map((d) => d.state)).toEqual(['deleted', 'confirmed'])
  })

  test('a wrong token, an unknown path', async () => {
    const erp = await start()
    const headers = { Authorization: 'Bearer u' }
    expect((await erp.call('POST', '/documents', body('R1'), { headers })).status).toBe(401)
    expect((await erp.call('GET', '/documents?reference=R1', undefined, { headers: {} })).status).toBe(401)
    expect((await erp.call('PUT', '/documents/D1', body('R1'))).status).toBe(404)
    expect((await erp.call('GET', '/orders')).status).toBe(404)
    expect(await erp.raw()).toEqual([])
  })

  test.each([
    ['no lines', { lines: [] }, 'lines'],
    ['a sum that is not the total', { total: '20.01' }, 'add up to 20'],
    ['a number for an amount', { lines: [{ ...lines[0], amount: 20 }] }, 'lines[0].amount'],
    ['a line without ref', { lines: [{ ...lines[0], ref: '' }] }, 'lines[0].ref'],
    ['no reference', { reference: undefined }, 'reference'],
    ['an unknown item', { lines: [{ ...lines[0], item: 'NEW' }], total: '19.9' }, 'NEW'],
  ])('422 for %s', async (_what, change, reason) => {
    const erp = await start({ items: ['TEA-001', 'SHIPPING'] })
    const refused = await erp.call('POST', '/documents', { ...body('R1'), ...change })
    expect(refused.status).toBe(422)
    expect(refused.body.reason).toContain(reason)
    expect(await erp.raw()).toEqual([])
  })

  test('400 for what is not JSON, 422 for what is no object', async () => {
    const erp = await start()
    const init = { body: '{"reference":', headers: { Authorization: 'Bearer t' } }
    expect((await erp.call('POST', '/documents', undefined, init)).status).toBe(400)
    expect((await erp.call('POST', '/documents', [])).status).toBe(422)
    expect((await erp.call('POST', '/documents')).status).toBe(422)
  })
})

describe('lagging finds', () => {
  test('a find shows a document and each change later; a read by id shows it at once', async () => {
    const erp = await start({ lag: [300, 300] })
    const id = await erp.create()
    expect((await erp.call('GET', `/documents/${id}`)).body.state).toBe('draft')
    expect(await erp.found()).toEqual([])
    await vi.waitFor(async () => expect(await erp.found()).toMatchObject([{ id, state: 'draft' }]), 1000)
    await erp.call('POST', `/documents/${id}/confirm`)
    expect((await erp.call('GET', `/documents/${id}`)).body.state).toBe('confirmed')
    expect(await erp.found()).toMatchObject([{ state: 'draft' }])
    await vi.waitFor(async () => expect(await erp.found()).toMatchObject([{ state: 'confirmed' }]), 1000)
  })

  test('a deleted draft is still found for a while', async () => {
    const erp = await start({ lag: [200, 200] })
    const id = await erp.create()
    await vi.waitFor(async () => expect(await erp.found()).toHaveLength(1), 1000)
    await erp.call('DELETE', `/documents/${id}`)
    expect(await erp.found()).toHaveLength(1)
    await vi.waitFor(async () => expect(await erp.found()).toEqual([]), 1000)
  })

  test('the lag is drawn per document, within the range, repeatably by seed, and kept over a restart', async () => {
    const lags = async (seed: number, log?: string) => {
      const erp = await start({ lag: [1000, 5000], seed, ...(log ? { log } : {}) })
      for (let i = 0; i < 5; i += 1) await erp.create()
      return (await erp.raw()).map((document) => {
        const { at, visibleAt } = document.changes[0]!
        return visibleAt - at
      })
    }
    const first = await lags(7, join(folder, 'lag.jsonl'))
    expect(new Set(first).size).toBe(5)
    for (const lag of first) expect(lag >= 1000 && lag <= 5000).toBe(true)
    expect(await lags(7)).toEqual(first)
    expect(await lags(8)).not.toEqual(first)
    const after = await start({ log: join(folder, 'lag.jsonl'), lag: [0, 0] })
    expect(await after.found()).toEqual([])
    expect(await after.raw()).toHaveLength(5)
  })
})

describe('late writes', () => {
  const givingUp = () => ({ signal: AbortSignal.timeout(GIVE_UP) })

  test('a create that never answers commits after the caller gave up, not before', async () => {
    const erp = await start({ lateRate: 1, lateBy: [200, 200] })
    const call = erp.call('POST', '/documents', body('R1'), { signal: AbortSignal.timeout(400) })
    const ended = expect(call).rejects.toThrow('timeout')
    await sleep(300)
    expect(await erp.raw()).toEqual([])
    await ended
    const gaveUp = Date.now()
    expect(await erp.raw()).toEqual([])
    await vi.waitFor(async () => expect(await erp.raw()).toMatchObject([{ state: 'draft' }]), 2000)
    expect(Date.now() - gaveUp).toBeGreaterThan(100)
    expect((await erp.raw())[0]!.changes).toMatchObject([{ late: true }])
  })

  test('confirm and delete too; a delete that comes after the confirm is dropped', async () => {
    const erp = await start()
    const [a, b] = [await erp.create('A'), await erp.create('B')]
    await erp.faults({ late: { probability: 1, min: 150, max: 150 } })
    await expect(erp.call('DELETE', `/documents/${a}`, undefined, givingUp())).rejects.toThrow()
    await expect(erp.call('POST', `/documents/${b}/confirm`, undefined, givingUp())).rejects.toThrow()
    const states = async () => (await erp.raw()).map((d) => d.state)
    await vi.waitFor(async () => expect(await states()).toEqual(['deleted', 'confirmed']), 2000)

    await erp.faults({ late: 0 })
    const c = await erp.create('C')
    await erp.faults({ late: { probability: 1, min: 200, max: 200 } })
    await expect(erp.call('DELETE', `/documents/${c}`, undefined, givingUp())).rejects.toThrow()
    await erp.faults({ late: 0 })
    expect((await erp.call('POST', `/documents/${c}/confirm`)).status).toBe(200)
    await vi.waitFor(async () =>
      expect((await erp.call('GET', '/_sandbox/stats')).body).toMatchObject({ dropped: 1, pending: 0 }),
    )
    expect(await states()).toEqual(['deleted', 'confirmed', 'confirmed'])
  })

  test('a caller that never gives up is cut off after holdMs', async () => {
    const erp = await start({ lateRate: 1, lateBy: [0, 0], holdMs: 150 })
    const from = performance.now()
    await expect(erp.call('POST', '/documents', body('R1'))).rejects.toThrow('fetch failed')
    expect(performance.now() - from).toBeGreaterThan(140)
    await vi.waitFor(async () => expect(await erp.raw()).toHaveLength(1))
  })

  test('about three in ten by default, refusals always at once', async () => {
    const erp = await start({ lateRate: 0.3, lateBy: [0, 0], holdMs: 5, seed: 3 })
    const tries = Array.from({ length: 100 }, (_, i) => erp.create(`R${i}`))
    const late = (await Promise.allSettled(tries)).filter((t) => t.status === 'rejected').length
    expect(late).toBeGreaterThan(15)
    expect(late).toBeLessThan(45)
    await vi.waitFor(async () => expect(await erp.raw()).toHaveLength(100))
    await erp.faults({ late: 1 })
    expect((await erp.call('POST', '/documents', {})).status).toBe(422)
  })

  test('a late write that was pending when the process stopped is committed by the next', async () => {
    const log = join(folder, 'late.jsonl')
    const first = await start({ log, lateRate: 1, lateBy: [60_000, 60_000] })
    await expect(first.call('POST', '/documents', body('waiting'), givingUp())).rejects.toThrow()
    const held = expect(first.call('POST', '/documents', body('held'))).rejects.toThrow()
    const pending = async () => (await first.call('GET', '/_sandbox/stats')).body.pending
    await vi.waitFor(async () => expect(await pending()).toBe(2))
    await first.stop()
    await held
    const second = await start({ log })
    expect((await second.raw()).map((d) => d.reference)).toEqual(['waiting', 'held'])
    await second.stop()
    const third = await start({ log })
    expect(await third.raw()).toHaveLength(2)
  })
})

describe('other faults', () => {
  const once = { probability: 1, times: 1 }

  test.each([
    ['status429', 429, 0],
    ['status500', 500, 0],
    ['error500After', 500, 1],
    ['empty200', 200, 1],
  ])('%s answers %i and holds %i', async (fault, status, count) => {
    const erp = await start()
    await erp.faults({ [fault]: once })
    const res = await erp.call('POST', '/documents', body('R1'))
    expect(res.status).toBe(status)
    if (fault === 'empty200') expect(res.body).toBe('')
    if (fault === 'status429') expect(res.headers.get('retry-after')).toBe('1')
    expect(await erp.raw()).toHaveLength(count)
  })

  test.each([
    ['resetBefore', 0],
    ['resetAfter', 1],
  ])('%s cuts the line and holds %i', async (fault, count) => {
    const erp = await start()
    await erp.faults({ [fault]: once })
    await expect(erp.call('POST', '/documents', body('R1'))).rejects.toThrow('fetch failed')
    expect(await erp.raw()).toHaveLength(count)
  })

  test('an unknown fault is refused', async () => {
    const erp = await start()
    expect(await erp.faults({ gremlin: 1 })).toMatchObject({ status: 400 })
    expect(await erp.faults([])).toMatchObject({ status: 400 })
  })
})
