/** The configuration that every part of the bench uses, so that all measure the same work. */
import { join } from 'node:path'
import { parseConfig } from '../../src/runtime/config.ts'
import { openConnections } from '../../src/runtime/connections.ts'
import { createLog } from '../../src/runtime/log.ts'
import { SECRET } from './orders.ts'

export interface Places {
  folder: string
  port: number
  erp: string
  database: string | null
  redis: string | null
}

/** Text of a tributary.yaml: Shopify webhooks into NC, twenty bills per document. */
export function configText({ folder, port, erp, database, redis }: Places): string {
  const storage = database
    ? `{ database: "${database}"${redis ? `, redis: "${redis}"` : ''} }`
    : `{ data: "${join(folder, 'data')}" }`
  return `company: { zone: Asia/Shanghai, currency: CNY, entities: { main: { name: Bench } } }
storage: ${storage}
http: { port: ${port} }
log: { level: error }
connections:
  shop: { use: shopify, settings: { base: "http://127.0.0.1:9", token: bench, secret: ${SECRET} }, poll: { order: { off: true } } }
  nc:
    use: yonyou-nc
    concurrency: 6
    settings: { base: "${erp}", account: develop, group: "0001", sender: tributary, pkOrg: "0001", bizType: SO01, customer: WEB, dept: D01, taxCode: CN001 }
    codes: { rate: { CNY: "1" } }
flows:
  web: { shops: [shop], erp: nc, from: 2020-01-01T00:00:00Z, mode: live }
`
}

/** The two connections alone, for the naive baseline: the same mapping and the same NC client. */
export async function startSilently(erp: string) {
  const text = configText({ folder: '/nowhere', port: 0, erp, database: null, redis: null })
  const config = parseConfig(text, '/nowhere/tributary.yaml', {})
  const connections = await openConnections(config, createLog({ level: 'error' }))
  return { shop: connections.get('shop')!, nc: connections.get('nc')! }
}
