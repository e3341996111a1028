/** Orders from files and from a database, all the way into the ERP: each once, whatever is read again. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import type { Running } from '../../src/runtime/operations.ts'
import { startRuntime } from '../../src/runtime/start.ts'
import { postgresMissing } from '../support/machine.ts'
import { type SqlServer, startPostgresServer } from '../support/sql-servers.ts'
import { openStage, type Stage, until, untilHeld } from './stage.ts'

async function begin(stage: Stage, shop: object): Promise<Running> {
  const config = JSON.parse(stage.config())
  config.connections.shop = shop
  const file = join(stage.folder, 'tributary.yaml')
  const parsed = parseConfig(JSON.stringify(config), file, {})
  return startRuntime(parsed, { role: 'all', log: createLog({ level: 'silent' }) })
}

describe('files', () => {
  let stage: Stage
  let running: Running
  let drop: string
  beforeAll(async () => {
    stage = await openStage({ erp: 'naive' })
    drop = join(stage.folder, 'drop')
    mkdirSync(drop)
    const order = { match: '*.csv', id: 'order', group: true, marker: '.done', done: 'done' }
    const poll = { order: { lag: '0s', overlap: '1s' } }
    running = await begin(stage, { use: 'files', settings: { folder: drop, order }, poll })
  })
  afterAll(async () => {
    await running?.close()
    await stage?.close()
  })

  const put = (name: string, rows: string[]) => {
    const head = 'order,placed_at,paid_at,sku,name,price,quantity,total,ship_name,ship_address'
    writeFileSync(join(drop, name), [head, ...rows].join('\n'))
    writeFileSync(join(drop, `${name}.done`), '')
  }
  const row = (order: string, price = '10.00') =>
    `${order},2026-06-10 10:00:00,2026-06-10 10:05:00,SHIPPING,Thing,${price},1,${price},A,Street 1`
  const gone = (name: string) => until(`${name} is moved`, async () => !existsSync(join(drop, name)))

  it('takes the orders of a file, parks its bad row with the line, and moves it', async () => {
    put('a.csv', [row('F-1'), row('F-2'), 'F-3,short', row('F-4')])
    await gone('a.csv')
    await untilHeld(stage.erp, 3)
    const { items } = await running.operations.parkedList({})
    expect(items).toMatchObject([{ what: 'record', code: 'SOURCE_ROW' }])
    expect(JSON.stringify(items)).toMatch(/a\.csv/)
    expect(readdirSync(join(drop, 'done')).sort()).toEqual(['a.csv', 'a.csv.done'])
  })

  it('takes the same file again, and a corrected one, without doubling an order', async () => {
    const before = (await running.operations.stats({})).received
    put('a.csv', [row('F-1'), row('F-2'), 'F-3,short', row('F-4')])
    await gone('a.csv')
    expect((await running.operations.stats({})).received).toBe(before)
    put('a.csv', [row('F-1'), row('F-2'), row('F-3'), row('F-4')])
    await gone('a.csv')
    await untilHeld(stage.erp, 4)
    await until('nothing waits', async () => (await running.operations.stats({})).waiting.inbox === 0)
    expect(await stage.erp.held()).toHaveLength(4)
  })
})

describe.skipIf(postgresMissing())('a database', () => {
  let stage: Stage
  let server: SqlServer
  let running: Running
  beforeAll(async () => {
    server = await startPostgresServer()
    await server.run(
      'create table sale (id bigint primary key, changed timestamp default (now() at time zone $$Asia/Shanghai$$), total numeric(12,2))',
      'create table line (sale_id bigint, id integer, sku text, quantity numeric, price numeric)',
    )
    stage = await openStage({ erp: 'naive' })
    const order = {
      query: 'select id, changed as updated_at, changed as placed_at, changed as paid_at, total from sale',
      id: 'id',
      version: 'updated_at',
      size: 7,
      with: { lines: { query: 'select * from line', by: 'sale_id', sort: 'id' } },
    }
    const poll = { order: { lag: '0s', overlap: '3s' } }
    running = await begin(stage, { use: 'sql', settings: { ...server.settings, order }, poll })
  }, 60_000)
  afterAll(async () => {
    await running?.close()
    await stage?.close()
    await server?.stop()
  })

  it('brings every order in once, in pages, though each poll reads some of them again', async () => {
    const ids = Array.from({ length: 25 }, (_, i) => 9_007_199_254_740_993n + BigInt(i))
    for (const id of ids)
      await server.run(
        `begin; insert into line values (${id}, 1, 'SHIPPING', 2, 10.25); insert into sale (id, total) values (${id}, 20.50); commit`,
      )
    const held = await untilHeld(stage.erp, 25)
    expect(held).toHaveLength(25)
    await until('nothing waits', async () => (await running.operations.stats({})).waiting.inbox === 0)
    expect((await running.operations.stats({})).received).toBe(25)
  })
})
