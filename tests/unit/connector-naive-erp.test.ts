/** The naive ERP's connector over real HTTP, against the sandbox. */
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { WriteItem } from '../../src/core/ports.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { startNaiveErp } from '../../src/sandbox/naive-erp/server.ts'

const root = path.resolve(import.meta.dirname, '../..')
const connector = await loadConnector(path.join(root, 'connectors/naive-erp'))
const erp = await startNaiveErp({ token: 't0', lag: [0, 0], lateRate: 0 })
const signal = AbortSignal.timeout(30_000)
const open = (settings: Record<string, unknown> = {}) =>
  openConnection(
    connector,
    {
      id: 'erp',
      entity: 'main',
      company: { zone: 'UTC', currency: 'CNY' },
      settings: { base: erp.url, token: 't0', ...settings },
    },
    (name) => loadMapping(path.join(root, `mappings/naive-erp/${name}.yaml`)),
  )
const connection = await open()
const op = connection.writes[0]!
afterAll(async () => {
  await connection.close()
  await erp.close()
})

const order = {
  connection: 'web',
  externalId: '7001',
  number: '#1001',
  currency: 'KWD',
  taxIncluded: false,
  lines: [
    { externalId: '1', sku: 'A', quantity: '2', goods: 8250, discount: 825, tax: 371 },
    { externalId: '2', sku: 'B', quantity: '1', goods: 500, discount: 500, tax: 0 },
  ],
  shipping: { amount: 1250, discount: 0, tax: 63 },
  charges: [{ kind: 'rounding', amount: 1, tax: 0 }],
  totals: { total: 9110 },
}
const itemOf = async (key: string): Promise<WriteItem> => {
  const { body, check } = await op.render(order, { key, revision: 1, previous: null })
  return { key, kind: 'order', revision: 1, body, check }
}
const held = async (reference: string) => {
  const all = (await (await fetch(`${erp.url}/_sandbox/documents`)).json()) as Record<string, unknown>[]
  return all.filter((d) => d.reference === reference)
}
const faults = (patch: object) =>
  fetch(`${erp.url}/_sandbox/faults`, {
    method: 'POST',
    body: JSON.stringify(patch),
    headers: { 'Content-Type': 'application/json' },
  })

describe('naive-erp', () => {
  test('declares what the push protocol must know', async () => {
    expect(op).toMatchObject({ class: 'find', drafts: true, batch: 1, settle: 30_000 })
    const other = await open({ settle: '5s' })
    expect(other.writes[0]!.settle).toBe(5_000)
    await other.close()
    await expect(open({ settle: 'soon' })).rejects.toMatchObject({ code: 'CONNECTOR_SETTING_VALUE' })
  })

  test('draft, find, confirm: what arrives is what was rendered', async () => {
    const item = await itemOf('K1')
    expect(item.check).toEqual({ number: '#1001', total: '9.110', lines: 4 })
    const [drafted] = await op.write([item], signal)
    expect(drafted).toMatchObject({ kind: 'done', remote: { state: 'draft' } })
    const found = await op.find!(item, signal)
    if (!('hits' in found) || drafted!.kind !== 'done') throw new Error('not found')
    expect(found.hits).toEqual([
      { id: drafted!.remote.id, number: '#1001', state: 'draft', total: '9.110', lines: 4 },
    ])
    const advanced = await op.advance!(item, found.hits[0]!, signal)
    expect(advanced).toMatchObject({ kind: 'done', remote: { state: 'final' } })
    expect(await op.advance!(item, found.hits[0]!, signal)).toMatchObject({ kind: 'done' })
    expect(await held('K1')).toMatchObject([
      {
        state: 'confirmed',
        source: '7001',
        channel: 'web',
        lines: [
          { ref: '1', item: 'A', amount: '7.796', tax: '0.371' },
          { ref: '2', item: 'B', amount: '0.000', tax: '0.000' },
          { ref: 'shipping', item: 'SHIPPING', amount: '1.313', tax: '0.063' },
          { ref: 'charge:0', item: 'CHARGE', amount: '0.001', tax: '0.000' },
        ],
      },
    ])
  })

  test('a surplus draft is deleted, also twice; a confirmed document is not', async () => {
    const item = await itemOf('K2')
    await op.write([item], signal)
    await op.write([item], signal)
    const found = await op.find!(item, signal)
    if (!('hits' in found)) throw new Error('not found')
    const [keep, surplus] = found.hits
    expect(await op.discard!(item, surplus!, signal)).toMatchObject({ kind: 'done' })
    expect(await op.discard!(item, surplus!, signal)).toMatchObject({ kind: 'done' })
    await op.advance!(item, keep!, signal)
    expect(await op.discard!(item, keep!, signal)).toMatchObject({ kind: 'refused' })
    expect((await held('K2')).map((d) => d.state).sort()).toEqual(['confirmed', 'deleted'])
  })

  test('a reset after the commit is unknown, and the find shows what it left', async () => {
    const item = await itemOf('K3')
    expect(await op.find!(item, signal)).toEqual({ hits: [] })
    await faults({ resetAfter: { probability: 1, times: 1 } })
    expect(await op.write([item], signal)).toMatchObject([{ kind: 'unknown' }])
    expect(await op.find!(item, signal)).toMatchObject({ hits: [{ state: 'draft', total: '9.110' }] })
  })

  test('an article that the ERP does not have, a wrong token', async () => {
    const strict = await startNaiveErp({
      token: 't1',
      lag: [0, 0],
      lateRate: 0,
      items: ['A', 'SHIPPING', 'CHARGE'],
    })
    const right = await open({ base: strict.url, token: 't1' })
    const wrong = await open({ base: strict.url, token: 't2' })
    const item = await itemOf('K4')
    expect(await right.writes[0]!.write([item], signal)).toMatchObject([
      { kind: 'refused', code: 'HTTP_422' },
    ])
    expect(await wrong.writes[0]!.write([item], signal)).toMatchObject([{ kind: 'not-done', pause: true }])
    await right.close()
    await wrong.close()
    await strict.close()
  })
})
