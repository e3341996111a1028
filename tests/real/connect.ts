/** Our connectors opened on the real systems, as `tributary.yaml` would. */
import { join } from 'node:path'
import { loadConnector } from '../../src/connector/load.ts'
import { type ConnectionConfig, openConnection } from '../../src/connector/open.ts'
import type { Connection, MapContext, WriteItem, WriteOperation } from '../../src/core/ports.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import type { Systems } from './systems.ts'

const root = join(import.meta.dirname, '..', '..')
const company = { zone: 'Europe/Berlin', currency: 'EUR' }

/** The shop's SKUs and methods in the ERP's own terms. */
export const CODES = {
  product: {
    'MUG-350': 'ERP-1001',
    'APRON-LIN': 'ERP-1002',
    'PAN-28': 'ERP-1003',
    'BOOK-SOUP': 'ERP-1004',
    'KNIFE-3': 'ERP-1005',
    'TEE-S': 'ERP-2000-S',
    'TEE-M': 'ERP-2000-M',
    'COFFEE-1KG': 'ERP-3000',
    'GIFT-50': 'ERP-4000',
  },
  delivery: { 'standard-shipping': 'SHIP-STD', 'express-shipping': 'SHIP-EXP' },
}

/** Settings of both connections, as they stand in `tributary.yaml`. */
export function settingsOf(systems: Systems) {
  return {
    vendure: { base: systems.vendure, username: 'superadmin', password: 'superadmin' },
    tryton: {
      base: systems.tryton,
      database: 'erp',
      username: 'integration',
      password: 'Wq7-hzKp2mVx',
      party: 'WEB-GUEST',
      warehouse: 'WH',
      paymentTerm: 'Direct',
      carrier: 'SHIP-STD',
      shippingProduct: 'SHIP-STD',
      chargeProduct: 'SRV-CHARGE',
      roundingProduct: 'SRV-ROUND',
      settle: '5s',
    },
  }
}

/** One connection to the real system; `settings` over the usual ones; `onCall` is told of every HTTP call. */
export async function connect(
  id: 'vendure' | 'tryton',
  systems: Systems,
  settings: Record<string, unknown> = {},
  onCall?: () => void,
): Promise<Connection> {
  const connector = await loadConnector(join(root, 'connectors', id))
  const config: ConnectionConfig = {
    id,
    entity: 'main',
    settings: { ...settingsOf(systems)[id], ...settings },
    company,
    codes: CODES,
    ...(onCall ? { onCall } : {}),
  }
  return openConnection(connector, config, (name) => loadMapping(join(root, 'mappings', id, `${name}.yaml`)))
}

/** Maps a stream's record as normalize does. */
export async function mapped<T>(connection: Connection, id: string): Promise<T> {
  const stream = connection.streams[0]!
  const [record] = await stream.fetch!([id], AbortSignal.timeout(60_000))
  const context: MapContext = { connection: connection.id, entity: 'main', settings: {}, company }
  const document = await stream.mappings[record!.shape]!.map(connection.parse(record!), context)
  return { connection: connection.id, entity: 'main', ...(document as object) } as T
}

/** Renders a document as the first attempt of a push does. */
export async function rendered(
  op: WriteOperation,
  document: unknown,
  key: string,
  revision = 1,
): Promise<WriteItem> {
  const { body, check } = await op.render(document, { key, revision, previous: null })
  return { key, kind: op.kind, revision, body, check }
}
