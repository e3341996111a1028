/** What the Qimen connector writes, over real HTTP, against the sandbox. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { control, SECRET } from '../support/qimen-client.ts'
import {
  closeAll,
  fault,
  item,
  line,
  ORDER,
  open,
  operation,
  put,
  signal,
} from '../support/qimen-connection.ts'

afterEach(closeAll)

describe('writing', () => {
  test('a delivery order arrives: texts, masked receiver, lines and local times', async () => {
    const { url, wms } = await open()
    expect(await put(wms, 'order', ORDER)).toMatchObject({
      kind: 'done',
      remote: { id: 'DO0000001', state: 'final' },
    })
    const [held] = await control(url, 'orders')
    expect(held).toMatchObject({ kind: 'delivery', code: 'KEY1', warehouse: 'WH1', logisticsCode: 'OTHER' })
    expect(held.lines).toMatchObject([
      { lineNo: '1', itemCode: 'TEA-001', planQty: 2, subSourceOrderCode: '9007199254740993' },
      { lineNo: '2', itemCode: 'TEA-003', planQty: 1, subSourceOrderCode: '89' },
    ])
    for (const text of [
      '<createTime>2026-03-02 04:30:15<',
      '<oaid>1xVoaid~/+=<',
      '<oaidOrderSourceCode>7000000000000000123<',
      '<totalAmount>73.00<',
      '<freight>8.00<',
      'TEA-001 {secret} &lt;&amp;&gt;',
    ])
      expect(held.raw).toContain(text)
    expect(held.raw).not.toContain(SECRET)
  })

  test.each([
    ['resetAfter', 'unknown', 1],
    ['empty200', 'unknown', 1],
    ['error500After', 'unknown', 1],
    ['half', 'unknown', 1],
    ['html', 'unknown', 1],
    ['gatewayTimeout', 'unknown', 1],
    ['wmsDown', 'unknown', 0],
    ['resetBefore', 'unknown', 0],
    ['status500', 'unknown', 0],
    ['status429', 'not-done', 0],
    ['twice', 'refused', 1],
  ])('fault %s proves %s; the find tells, and one order is made', async (name, kind, there) => {
    const { url, wms } = await open()
    const op = operation(wms, 'order')
    const one = await item(wms, 'order', ORDER)
    await fault(url, name)
    const [first] = await op.write([one], signal)
    expect(first).toMatchObject({
      kind,
      ...(kind === 'refused' ? { duplicate: true, code: 'ORDER_EXISTS' } : {}),
    })
    const found = await op.find!(one, signal)
    expect(found).toEqual({
      hits: there ? [expect.objectContaining({ id: 'DO0000001', state: 'final' })] : [],
    })
    if (!there) expect(await op.write([one], signal)).toMatchObject([{ kind: 'done' }])
    expect(await control(url, 'orders')).toHaveLength(1)
  })

  test('a find that is late or fails is no absence', async () => {
    const { url, wms } = await open()
    const op = operation(wms, 'order')
    const one = await item(wms, 'order', ORDER)
    await fault(url, 'lag', { min: 300, max: 300 })
    await op.write([one], signal)
    expect(await op.find!(one, signal)).toEqual({ hits: [] })
    expect(op.settle).toBe(120_000)
    await fault(url, 'wmsDown')
    expect(await op.find!(one, signal)).toMatchObject({ failed: { kind: 'unknown' } })
    // what a find missed is refused by the warehouse, and so found again
    expect(await op.write([one], signal)).toMatchObject([{ kind: 'refused', duplicate: true }])
    await vi.waitFor(async () =>
      expect(await op.find!(one, signal)).toMatchObject({ hits: [{ id: 'DO0000001' }] }),
    )
  })

  test.each([
    [
      { secret: 'wrong', signHead: 'wrong' },
      { kind: 'not-done', pause: true, code: 'sign-check-failure' },
    ],
    [{ customerId: 'other' }, { kind: 'not-done', pause: true, code: 'INVALID_WMS_CUSTOMERID' }],
    [{ warehouse: 'NONE' }, { kind: 'not-done', pause: true, code: 'INVALID_WAREHOUSE' }],
  ])('settings that are wrong pause the connection: %j', async (settings, outcome) => {
    const { wms } = await open({}, settings)
    const got = await put(wms, 'order', ORDER)
    expect(got).toMatchObject(outcome)
    expect(JSON.stringify(got)).not.toContain(SECRET)
    // an unknown warehouse merely has no stock
    if (!('warehouse' in settings)) expect((await wms.check(signal)).ok).toBe(false)
  })

  test('an unknown item is refused; the sign with the secret at its end only', async () => {
    const { wms } = await open({ wrap: 'tail' }, { signHead: undefined })
    const bad = { ...ORDER, lines: [line('1', 'NOWHERE', '1', 100)] }
    expect(await put(wms, 'order', bad, 'K0')).toMatchObject({ kind: 'refused', code: 'INVALID_ITEM' })
    expect(await put(wms, 'order', ORDER)).toMatchObject({ kind: 'done' })
    expect(await wms.check(signal)).toMatchObject({
      ok: true,
      say: expect.stringMatching(/rows of stock: \d+/),
    })
  })

  test('a cancellation stops the order, again is still one; what has left cannot be stopped', async () => {
    const { url, wms } = await open()
    await put(wms, 'order', ORDER)
    const cancel = { order: 'KEY1', state: 'requested', reason: '不要了', at: '2026-03-02T00:00:00.000Z' }
    for (let i = 0; i < 2; i++)
      expect(await put(wms, 'cancellation', cancel, 'C1')).toMatchObject({
        kind: 'done',
        remote: { id: 'KEY1' },
      })
    expect(await control(url, 'orders')).toMatchObject([{ status: 'CANCELED' }])
    await put(wms, 'order', ORDER, 'KEY2')
    await control(url, 'work', { code: 'KEY2' })
    expect(await put(wms, 'cancellation', { ...cancel, order: 'KEY2' }, 'C2')).toMatchObject({
      kind: 'refused',
      code: 'ORDER_ALREADY_SHIPPED',
    })
    await expect(
      put(wms, 'cancellation', { ...cancel, lines: [{ sku: 'TEA-001', quantity: '1' }] }, 'C3'),
    ).rejects.toMatchObject({ kind: 'input' })
  })
})
