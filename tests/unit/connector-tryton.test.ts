/** What Tryton's answers prove. The answers have the form that a real Tryton 6.0 gave (tests/real/ asks one). */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { WriteItem } from '../../src/core/ports.ts'
import { loadMapping } from '../../src/mapping/load.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
const signal = AbortSignal.timeout(20_000)

/** Status and body, or `cut`: the request is read and the connection ends without an answer. */
type Answer = { status?: number; result?: unknown; error?: unknown } | 'cut'
type Script = Record<string, Answer[]>

const decimal = (text: string) => ({ __class__: 'Decimal', decimal: text })
const sale = (state: string, total = '10.00') => ({ id: 7, number: '7', state, total_amount: decimal(total) })
const LOGIN: Script = {
  'common.db.login': [{ result: [3, 'token'] }],
  'model.res.user.get_preferences': [{ result: { company: 1, 'company.rec_name': 'Dry Goods' } }],
}

/** A server that answers each method from its list; the last answer is given again and again. */
async function tryton(script: Script) {
  const asked: string[] = []
  const answers: Script = structuredClone({ ...LOGIN, ...script })
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const { method, params } = JSON.parse(text) as { method: string; params: unknown[] }
    asked.push(method)
    const list = answers[method] ?? []
    const answer = list.length > 1 ? list.shift()! : list[0]
    if (answer === 'cut' || answer === undefined) return request.socket.destroy()
    const { status = 200, ...body } = answer
    expect(Array.isArray(params)).toBe(true)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ id: 1, ...body }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  return { asked, base: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function connect(base: string, settings: Record<string, unknown> = {}) {
  const config = {
    id: 'erp',
    entity: 'main',
    settings: { base, database: 'erp', username: 'u', password: 'p', ...settings },
    company: { zone: 'UTC', currency: 'EUR' },
  }
  const mapping = (name: string) => loadMapping(`mappings/tryton/${name}.yaml`)
  const connection = await openConnection(await loadConnector('connectors/tryton'), config, mapping)
  closing.push(() => connection.close())
  return connection.writes[0]!
}

function item(rounding: object | null = null): WriteItem {
  const body = { total: '10.00', tolerance: 3, sale: { reference: 'KEY' }, rounding }
  const check = { number: null, total: '10.00', lines: null }
  return { key: 'KEY', kind: 'order', revision: 1, body: Buffer.from(JSON.stringify(body)), check }
}

const NONE: Script = {
  'model.sale.sale.search_read': [{ result: [] }],
  'model.sale.sale.create': [{ result: [7] }],
}

describe('tryton', () => {
  it('creates and quotes; what is left is a draft', async () => {
    const { base, asked } = await tryton({
      ...NONE,
      'model.sale.sale.read': [{ result: [sale('draft')] }, { result: [sale('quotation')] }],
      'model.sale.sale.quote': [{ result: null }],
    })
    const op = await connect(base)
    const remote = { id: '7', number: '7', state: 'draft', total: '10.00' }
    expect(await op.write([item()], signal)).toEqual([{ kind: 'done', remote }])
    expect(asked.slice(2)).toEqual(
      ['search_read', 'create', 'read', 'quote', 'read'].map((m) => `model.sale.sale.${m}`),
    )
  })

  it('accepts a warning by its name and presses again, unless it may not', async () => {
    const warning = { error: ['UserWarning', ['sale_late_7', 'Delivery is late', '']] }
    const script: Script = {
      'model.sale.sale.read': [{ result: [sale('quotation')] }, { result: [sale('processing')] }],
      'model.sale.sale.confirm': [warning, { result: null }],
      'model.res.user.warning.create': [{ result: [1] }],
    }
    const { base, asked } = await tryton(script)
    const op = await connect(base)
    expect(await op.advance!(item(), { id: '7', state: 'draft' }, signal)).toMatchObject({
      remote: { state: 'final' },
    })
    expect(asked.filter((m) => m.includes('confirm') || m.includes('warning'))).toEqual([
      'model.sale.sale.confirm',
      'model.res.user.warning.create',
      'model.sale.sale.confirm',
    ])
    const strict = await connect((await tryton(script)).base, { acceptWarnings: false })
    const refused = await strict.advance!(item(), { id: '7', state: 'draft' }, signal)
    expect(refused).toMatchObject({ kind: 'refused', code: 'TRYTON_WARNING' })
  })

  it('says so when a button was skipped', async () => {
    const { base } = await tryton({
      'model.sale.sale.read': [{ result: [sale('quotation')] }],
      'model.sale.sale.confirm': [{ result: null }],
    })
    const outcome = await (await connect(base)).advance!(item(), { id: '7', state: 'draft' }, signal)
    expect(outcome).toMatchObject({ kind: 'unknown', code: 'TRYTON_SKIPPED' })
  })

  it('deletes the draft and refuses when the totals cannot be met', async () => {
    const { base, asked } = await tryton({
      ...NONE,
      'model.sale.sale.read': [{ result: [sale('draft', '9.90')] }],
      'model.sale.sale.draft': [{ result: null }],
      'model.sale.sale.delete': [{ result: null }],
    })
    const [outcome] = await (await connect(base)).write([item({ type: 'line' })], signal)
    expect(outcome).toMatchObject({
      kind: 'refused',
      code: 'TRYTON_TOTAL',
      message: expect.stringContaining('9.90'),
    })
    expect(asked.at(-1)).toBe('model.sale.sale.delete')
  })

  it('leaves it in doubt when such a draft cannot be deleted', async () => {
    const { base } = await tryton({
      ...NONE,
      'model.sale.sale.read': [{ result: [sale('draft', '9.90')] }],
      'model.sale.sale.draft': [{ result: null }],
      'model.sale.sale.delete': [{ error: ['UserError', ['It is used elsewhere', '', null]] }],
    })
    const [outcome] = await (await connect(base)).write([item()], signal)
    expect(outcome).toMatchObject({ kind: 'unknown', code: 'TRYTON_DRAFT_STAYS' })
  })

  it('logs in again on 401, once', async () => {
    const ended = { status: 401 }
    const { base, asked } = await tryton({
      'model.sale.sale.search_read': [ended, { result: [sale('processing')] }],
    })
    expect(await (await connect(base)).find!(item(), signal)).toMatchObject({
      hits: [{ state: 'final', total: '10.00' }],
    })
    expect(asked.filter((m) => m === 'common.db.login')).toHaveLength(2)
    const never = await tryton({ 'model.sale.sale.search_read': [ended] })
    const answer = await (await connect(never.base)).find!(item(), signal)
    expect(answer).toMatchObject({ failed: { kind: 'not-done', pause: true } })
    expect(never.asked.filter((m) => m.endsWith('search_read'))).toHaveLength(2)
  })

  it.each<[string, Answer, object]>([
    ['a cut connection', 'cut', { kind: 'unknown' }],
    ['a server error', { status: 500 }, { kind: 'unknown' }],
    [
      'a business error',
      { error: ['UserError', ['No account', '', null]] },
      { kind: 'refused', code: 'TRYTON_USER_ERROR' },
    ],
    [
      'a conflict',
      { error: ['ConcurrencyException', ['x']] },
      { kind: 'not-done', code: 'TRYTON_CONCURRENCY' },
    ],
    ['an exception', { error: ["'nonsense'", ''] }, { kind: 'refused', code: 'TRYTON_ERROR' }],
  ])('%s while creating', async (_, answer, outcome) => {
    const { base } = await tryton({ ...NONE, 'model.sale.sale.create': [answer] })
    expect(await (await connect(base)).write([item()], signal)).toMatchObject([outcome])
  })

  it('once the draft stands, a failure leaves it in doubt', async () => {
    const { base } = await tryton({
      ...NONE,
      'model.sale.sale.read': [{ result: [sale('draft')] }],
      'model.sale.sale.quote': [{ error: ['ConcurrencyException', ['x']] }],
    })
    const [outcome] = await (await connect(base)).write([item()], signal)
    expect(outcome).toMatchObject({ kind: 'unknown', code: 'TRYTON_CONCURRENCY' })
  })

  it('a login that fails proves that nothing was sent', async () => {
    const { base, asked } = await tryton({ 'common.db.login': ['cut'] })
    expect(await (await connect(base)).write([item()], signal)).toMatchObject([{ kind: 'not-done' }])
    expect(asked).toEqual(['common.db.login'])
  })

  it('names a master that is missing before anything is created', async () => {
    const body = {
      total: '1.00',
      tolerance: 1,
      rounding: null,
      sale: { party: { find: 'party.party', where: { code: 'X' }, read: 'id' } },
    }
    const { base, asked } = await tryton({ ...NONE, 'model.party.party.search_read': [{ result: [] }] })
    const [outcome] = await (await connect(base)).write(
      [{ ...item(), body: Buffer.from(JSON.stringify(body)) }],
      signal,
    )
    expect(outcome).toMatchObject({
      kind: 'refused',
      code: 'TRYTON_MASTER_MISSING',
      message: 'there is no party.party with code X',
    })
    expect(asked).not.toContain('model.sale.sale.create')
  })
})
