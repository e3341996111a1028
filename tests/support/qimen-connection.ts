/** A connection of the Qimen connector to the sandbox, for tests. */
import path from 'node:path'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import type { Connection, WriteItem } from '../../src/core/ports.ts'
import type { DocumentKind } from '../../src/core/states.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import type { QimenOptions } from '../../src/sandbox/qimen/options.ts'
import { startQimen } from '../../src/sandbox/qimen/server.ts'
import { control, SECRET } from './qimen-client.ts'

const root = path.resolve(import.meta.dirname, '../..')
const connector = await loadConnector(path.join(root, 'connectors/qimen'))
export const company = { zone: 'Asia/Shanghai', currency: 'CNY' }
export const signal = AbortSignal.timeout(60_000)
export const closing: (() => unknown)[] = []
export const closeAll = async () => {
  for (const close of closing.splice(0).reverse()) await close()
}

const sender = {
  name: '仓库',
  mobile: '13900000000',
  province: '浙江',
  city: '杭州',
  detailAddress: '仓前街 1 号',
}

export async function connect(base: string, settings: Record<string, unknown> = {}): Promise<Connection> {
  const given = {
    base,
    appKey: '12345678',
    secret: SECRET,
    signHead: SECRET,
    customerId: 'c1',
    warehouse: 'WH1',
    owner: 'OWNER1',
    sender,
  }
  const config = { id: 'wms', entity: 'main', company, settings: { ...given, ...settings } }
  const wms = await openConnection(connector, config, (name) =>
    loadMapping(path.join(root, `mappings/qimen/${name}.yaml`)),
  )
  closing.push(() => wms.close())
  return wms
}

export async function open(options: Partial<QimenOptions> = {}, settings: Record<string, unknown> = {}) {
  const qimen = await startQimen({
    appKey: '12345678',
    secret: SECRET,
    customerId: 'c1',
    retryAfter: 20,
    ...options,
  })
  closing.push(() => qimen.close())
  return { url: qimen.url, wms: await connect(qimen.url, settings) }
}

export const line = (externalId: string, sku: string, quantity: string, goods: number) => ({
  externalId,
  sku,
  name: `${sku} {secret} <&>`,
  kind: 'goods',
  quantity,
  unitPrice: '12.5',
  goods,
  discount: 100,
  tax: 0,
})
export const ORDER = {
  connection: 'web',
  externalId: '7000000000000000123',
  number: '#9',
  currency: 'CNY',
  taxIncluded: true,
  placedAt: '2026-03-01T20:30:15.000Z',
  buyer: { name: 'Wang' },
  shipTo: {
    name: '王**',
    opaqueId: '1xVoaid~/+=',
    phone: '138****0000-1234',
    lines: ['文***'],
    district: '西湖区',
    city: '杭州市',
    subdivision: '浙江省',
  },
  lines: [line('9007199254740993', 'TEA-001', '2', 2500), line('89', 'TEA-003', '1', 4200)],
  shipping: { method: 'standard', amount: 800, discount: 0, tax: 0 },
  charges: [],
  remarks: { buyer: '请快 <b>&amp;' },
}

export const operation = (wms: Connection, kind: DocumentKind) => wms.writes.find((w) => w.kind === kind)!

export async function item(
  wms: Connection,
  kind: DocumentKind,
  document: unknown,
  key = 'KEY1',
): Promise<WriteItem> {
  const { body, check } = await operation(wms, kind).render(document, { key, revision: 1, previous: null })
  return { key, kind, revision: 1, body, check }
}
export async function put(
  wms: Connection,
  kind: DocumentKind,
  document: unknown,
  key = 'KEY1',
): Promise<Outcome> {
  return (await operation(wms, kind).write([await item(wms, kind, document, key)], signal))[0]!
}
export const fault = (url: string, name: string, rule: object = {}) =>
  control(url, 'faults', { [name]: { probability: 1, times: 1, ...rule } })
