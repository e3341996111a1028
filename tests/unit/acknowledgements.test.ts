/** What a remote says of a document later, against pushes in every state. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writeDocuments } from '../../src/ledger/document.ts'
import { appendRecords } from '../../src/ledger/inbox.ts'
import type { Pipe } from '../../src/pipeline/pipe.ts'
import { planLane } from '../../src/pipeline/plan.ts'
import { type Desk, type Made, openDesk } from '../support/desk.ts'
import { drive, inboxRow, LEDGERS, newDocument } from '../support/ledgers.ts'

describe.each(LEDGERS)('acknowledgements on $name', (kind) => {
  let at: Desk
  beforeAll(async () => {
    if (!kind.missing) at = await openDesk(kind)
  }, 60_000)
  afterAll(() => at?.ledger.close())
  beforeEach(({ skip }) => skip(kind.missing !== null, kind.missing ?? ''))

  /** The remote says that it holds the document of this push; planned as the pipe plans it. */
  async function acknowledge(made: Made, said: { total?: string } = {}): Promise<Record<string, unknown>> {
    const { key } = await at.row(made.push)
    const [inbox] = await appendRecords(at.db, [
      { ...inboxRow(made.order), connection: 'nc', stream: 'bill', key: `ack ${made.push}` },
    ])
    const document = newDocument(made.order, inbox!, {
      kind: 'acknowledgement',
      connection: 'nc',
      externalId: key as string,
      content: { key, remoteId: `bill-${made.push}`, number: 'SO30', ...said },
    })
    await at.db.transaction((tx) =>
      writeDocuments(tx, { documents: [document], parked: [], done: [], journal: [] }),
    )
    const pipe = {
      db: at.db,
      queue: { wake: async () => undefined },
      connections: new Map(),
      flows: [],
      configuration: { id: null, isActive: async () => true, catchUp: async () => true },
      installation: 'test',
      log: () => undefined,
    } as unknown as Pipe
    await planLane(pipe, { asked: false })
    return at.row(made.push)
  }
  const parkedOf = async (made: Made) =>
    (await at.ops.parkedList({ limit: 500 })).items.filter((p) => p.order === made.key)

  it('confirm what was accepted', async () => {
    const made = await at.pushed()
    await drive(at.db, made.push, 'accepted')
    expect(await acknowledge(made)).toMatchObject({ state: 'confirmed', remote_number: 'SO30' })
  })

  it('confirm what was parked in doubt, clear its parking and say so in the journal', async () => {
    const made = await at.doubtful()
    expect(await parkedOf(made)).toHaveLength(1)
    expect(await acknowledge(made)).toMatchObject({
      state: 'confirmed',
      uncertain: false,
      remote_id: `bill-${made.push}`,
      remote_number: 'SO30',
      code: null,
    })
    expect(await parkedOf(made)).toEqual([])
    const order = await at.ops.orderShow({ ref: made.key })
    expect(order.journal.at(-1)).toMatchObject({
      event: 'acknowledged',
      push: String(made.push),
      detail: { was: 'parked', number: 'SO30' },
    })
    expect((await at.ops.find({ term: `bill-${made.push}` })).map((hit) => hit.by)).toEqual(['bill'])
  })

  it('of another sum leave it with the person', async () => {
    const made = await at.doubtful()
    await at.db.query(`update push set "check" = '{"total":"10.00","lines":1,"number":null}' where id = $1`, [
      made.push,
    ])
    expect(await acknowledge(made, { total: '10.01' })).toMatchObject({ state: 'parked', uncertain: true })
    expect(await parkedOf(made)).toHaveLength(1)
    const equal = await at.doubtful()
    await at.db.query(`update push set "check" = '{"total":"10.00","lines":1,"number":null}' where id = $1`, [
      equal.push,
    ])
    expect(await acknowledge(equal, { total: '10' })).toMatchObject({ state: 'confirmed' })
  })

  it.each(['PUSH_CONFLICT', 'PUSH_DOUBLED', 'PUSH_FOUND_DIFFERENT', 'PUSH_BOUND_TWICE'])(
    'do not answer %s',
    async (code) => {
      const made = await at.doubtful()
      await at.db.query('update push set code = $2 where id = $1', [made.push, code])
      expect(await acknowledge(made)).toMatchObject({ state: 'parked', code })
      expect(await parkedOf(made)).toHaveLength(1)
    },
  )

  it('do not revive what was refused', async () => {
    const made = await at.rejected()
    expect(await acknowledge(made)).toMatchObject({ state: 'rejected' })
    expect(await parkedOf(made)).toHaveLength(1)
  })
})
