/** The sandbox Odoo's faults: what they leave behind and what the caller sees. */
import { afterEach, describe, expect, test } from 'vitest'
import type { OdooOptions } from '../../src/sandbox/odoo/options.ts'
import { startOdoo } from '../../src/sandbox/odoo/server.ts'
import { client2, control, executeKw, json2 } from '../support/odoo-client.ts'

const running = new Set<{ close(): Promise<void> }>()
afterEach(async () => {
  for (const server of running) await server.close()
  running.clear()
})

async function start(options: Partial<OdooOptions> = {}) {
  const odoo = await startOdoo({ apiKey: 'key', ...options })
  running.add(odoo)
  return { url: odoo.url, ...client2(odoo.url) }
}

const faults = (url: string, patch: unknown) => control(url, 'faults', patch)
const ONCE = { probability: 1, times: 1 }

describe('faults', () => {
  const partner = { vals_list: { name: 'N', ref: 'R-1' } }
  const count = async (url: string) =>
    ((await control(url, 'records?model=res.partner')) as { ref: string }[]).filter(
      (row) => row.ref === 'R-1',
    ).length

  test.each([
    ['status500', 0],
    ['resetBefore', 0],
    ['htmlBefore', 0],
    ['serialization', 0],
    ['resetAfter', 1],
    ['empty200', 1],
    ['error500After', 1],
    ['html', 1],
    ['half', 1],
    ['twice', 2],
  ])('%s: %i records afterwards, and no proof of it in the answer', async (fault, left) => {
    const { url } = await start()
    await faults(url, { [fault]: ONCE })
    const answer = await json2(url, 'res.partner/create', partner).catch((cause: Error) => cause)
    expect(await count(url)).toBe(left)
    if (fault === 'twice') expect(answer).toMatchObject({ status: 200 })
    else if (fault === 'htmlBefore')
      expect(answer).toMatchObject({ status: 200, type: expect.stringContaining('text/html') })
    else if (fault === 'serialization')
      expect(answer).toMatchObject({ status: 500, body: { name: 'psycopg2.errors.SerializationFailure' } })
    else if (fault === 'empty200') expect(answer).toMatchObject({ status: 200, text: '' })
    else if (answer instanceof Error) expect(['resetBefore', 'resetAfter', 'half']).toContain(fault)
    else expect(answer.status).toBeGreaterThanOrEqual(500)
    expect((await control(url, 'stats')).faults).toEqual({ [fault]: 1 })
  })

  test('an API key ends', async () => {
    const { url } = await start()
    await faults(url, { keyExpired: { probability: 1, times: 2 } })
    expect(await json2(url, 'res.partner/create', partner)).toMatchObject({
      status: 401,
      body: { message: 'Invalid apikey' },
    })
    const error = await executeKw(url, 'res.partner', 'create', [partner.vals_list])
    expect(error).toMatchObject({ code: 200, data: { name: 'odoo.exceptions.AccessDenied' } })
    expect(await count(url)).toBe(0)
    expect((await json2(url, 'res.partner/create', partner)).status).toBe(200)
  })

  test('a load that is carried out twice makes one record', async () => {
    const { url } = await start()
    await faults(url, { twice: ONCE })
    const load = { fields: ['id', 'name', 'ref'], data: [['m.k1', 'N', 'R-1']] }
    expect((await json2(url, 'res.partner/load', load)).body.ids).toHaveLength(1)
    expect(await count(url)).toBe(1)
  })

  test('a caller that gives up does not stop a slow call', async () => {
    const { url } = await start()
    await faults(url, { slow: { ...ONCE, min: 200, max: 200 } })
    const gone = fetch(`${url}/json/2/res.partner/create`, {
      method: 'POST',
      headers: { Authorization: 'bearer key', 'Content-Type': 'application/json' },
      body: JSON.stringify(partner),
      signal: AbortSignal.timeout(50),
    })
    await expect(gone).rejects.toThrow()
    expect(await count(url)).toBe(0)
    await expect.poll(() => count(url)).toBe(1)
  })

  test('searches lag behind, reads and load do not', async () => {
    const odoo = await start()
    await faults(odoo.url, { lag: { probability: 1, min: 400, max: 400 } })
    const fields = ['id', 'name', 'ref']
    const { ids } = await odoo.load('res.partner', fields, [['m.k', 'N', 'R-1']])
    const found = () => odoo.search('res.partner', [['ref', '=', 'R-1']])
    expect(await found()).toEqual([])
    expect(await odoo.read('res.partner', ids[0], ['ref'])).toMatchObject({ ref: 'R-1' })
    expect((await odoo.load('res.partner', fields, [['m.k', 'N', 'R-1']])).ids).toEqual(ids)
    await expect.poll(found, { timeout: 3000 }).toEqual(ids)
    await odoo.write('res.partner', ids, { ref: 'R-2' })
    expect(await found()).toEqual(ids)
    await expect.poll(found, { timeout: 3000 }).toEqual([])
  })
})
