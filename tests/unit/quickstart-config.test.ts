/** The quickstart's configuration: it is read, the example is the same file, and the stand-ins take what it says. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ACCESS, quickstartConfig } from '../../src/cli/quickstart/config.ts'
import { SANDBOXES } from '../../src/cli/sandbox.ts'
import { parseConfig } from '../../src/runtime/config.ts'

const EXAMPLE = join(import.meta.dirname, '../../examples/quickstart/tributary.yaml')

/** What docs/guide/sandboxes.md starts one by one. */
const PLACES = {
  data: './data',
  port: 8080,
  shops: { shopify: 'http://127.0.0.1:4001', taobao: 'http://127.0.0.1:4002' },
  erp: 'http://127.0.0.1:4003',
  from: '2026-11-01T00:00:00Z',
  erpKind: 'yonyou-nc' as const,
}

it('is the example, with other addresses', () => {
  expect(readFileSync(EXAMPLE, 'utf8')).toBe(quickstartConfig(PLACES))
})

it.each(['yonyou-nc', 'naive-erp'] as const)('is a configuration that is read, for %s', (erpKind) => {
  const config = parseConfig(quickstartConfig({ ...PLACES, erpKind }), EXAMPLE, {})
  expect(config.flows['web-orders']).toMatchObject({ shops: ['shopify', 'taobao'], mode: 'live' })
  // its secrets protect nothing
  expect(new Set(config.warnings.map((w) => w.code))).toEqual(new Set(['SECRET_IN_FILE']))
})

it('holds what the sandboxes of the command line are started with', () => {
  for (const [name, access] of Object.entries(ACCESS)) expect(SANDBOXES[name]!.defaults).toEqual(access)
})
