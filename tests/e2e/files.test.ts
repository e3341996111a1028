/** Orders that come as files: taken once, moved away, and one bad line harms nobody. */
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseConfig } from '../../src/runtime/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import type { Running } from '../../src/runtime/operations.ts'
import { startRuntime } from '../../src/runtime/start.ts'
import { generateOrder } from '../../src/sandbox/generate/order.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'
import { openStage, type Stage, until, untilHeld } from './stage.ts'

let stage: Stage
let running: Running
let drop: string

beforeAll(async () => {
  stage = await openStage({ erp: 'naive' })
  drop = join(stage.folder, 'drop')
  mkdirSync(drop)
  const config = JSON.parse(stage.config())
  config.connections.shop.poll.order = { off: true, folder: './drop', shape: 'webhook' }
  const file = join(stage.folder, 'tributary.yaml')
  const parsed = parseConfig(JSON.stringify(config), file, {})
  running = await startRuntime(parsed, { role: 'all', log: createLog({ level: 'error' }) })
})
afterAll(async () => {
  await running?.close()
  await stage?.close()
})

/** Writes a file that was finished a while ago. */
function put(name: string, lines: string[]): void {
  const path = join(drop, name)
  writeFileSync(path, lines.join('\n'))
  const then = new Date(Date.now() - 5_000)
  utimesSync(path, then, then)
}

const orders = [1, 2, 3].map((n) => JSON.stringify(restOrder(generateOrder(3, n, new Date(), false))))

it('takes a file of orders into the ERP and moves it away', async () => {
  put('orders.jsonl', [...orders, '{"id": 1, broken'])
  await untilHeld(stage.erp, 3)
  await until('the file is moved', async () => !existsSync(join(drop, 'orders.jsonl')))
  expect(readdirSync(join(drop, 'done'))).toEqual([expect.stringMatching(/orders\.jsonl$/)])
  const { items } = await running.operations.parkedList({})
  expect(items).toMatchObject([{ what: 'record', code: 'CONNECTOR_RECORD_UNREADABLE' }])
})

it('takes the same file again without doubling anything', async () => {
  put('orders.jsonl', [...orders])
  await until('the file is moved', async () => readdirSync(join(drop, 'done')).length === 2)
  const before = await running.operations.stats({})
  await until('nothing waits', async () => (await running.operations.stats({})).waiting.inbox === 0)
  expect(before.received).toBe(4)
  expect(await stage.erp.held()).toHaveLength(3)
})

it('leaves a file alone that is still being written', async () => {
  writeFileSync(join(drop, 'half.json'), '{"id":')
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(existsSync(join(drop, 'half.json'))).toBe(true)
})
