/**
 * Why a refusal for its content does not end doubt (docs/reference/push-protocol.md), shown on the NC stand-in: it
 * refuses, for a material that was closed meanwhile, the very bill that it holds.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { Outcome } from '../../src/core/outcome.ts'
import { afterWrite, REFUSED_PATIENCE } from '../../src/pipeline/stages/settle.ts'
import { startYonyouNc } from '../../src/sandbox/yonyou-nc/server.ts'
import { post } from '../support/nc-client.ts'
import { billsXml } from '../support/nc-document.ts'

const folder = mkdtempSync(join(tmpdir(), 'tributary-refused-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('an ERP may refuse for its content what it holds; the push stays in doubt and a person decides', async () => {
  const start = (materials: string[]) =>
    startYonyouNc({
      account: 'develop',
      group: 'G01',
      senders: ['SHOP'],
      log: join(folder, 'nc.jsonl'),
      materials,
    })
  const document = billsXml({ id: 'KEY1' })
  const before = await start(['TEA-001'])
  expect((await post(before.url, document)).results).toMatchObject([{ id: 'KEY1', code: '1' }])
  await before.close()
  const after = await start([])
  const [again] = (await post(after.url, document)).results
  const held = (await (await fetch(`${after.url}/_sandbox/bills`)).json()) as { id: string }[]
  await after.close()
  expect(again).toMatchObject({ code: '-31206' })
  expect(held.map((bill) => bill.id)).toEqual(['KEY1'])
  // what the protocol makes of it, had the first answer been lost
  const refused: Outcome = { kind: 'refused', code: again!.code, message: again!.description }
  const operation = { class: 'resend-safe', settle: 0, drafts: false, acknowledgeWithin: 0 } as const
  const push = { uncertain: true, rewritten: false, attempt: 2, age: 1 }
  expect(afterWrite(push, refused, operation, 0)).toMatchObject({ state: 'unknown', uncertain: true })
  expect(afterWrite({ ...push, age: REFUSED_PATIENCE + 1 }, refused, operation, 0)).toMatchObject({
    state: 'parked',
    uncertain: true,
  })
})
