/** What the operations and `doctor` say of configurations and of the processes that run by them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addProcess, type NewProcess, renewProcess } from '../../src/ledger/process.ts'
import type { ActivateRequest } from '../../src/runtime/operations-configuration-types.ts'
import { type Desk, openDesk } from '../support/desk.ts'
import { LEDGERS } from '../support/ledgers.ts'

const uses = { tributary: '0.1.0', connectors: {}, mappings: {} }
const request = (hash: string, more: Partial<ActivateRequest> = {}): ActivateRequest => ({
  configuration: { hash, files: { 'tributary.yaml': `# ${hash}` } },
  ...{ kind: 'apply', uses, replan: [], expected: null, by: 'ann' },
  ...more,
})
const worker = (id: string, fileHash: string | null): NewProcess => ({
  ...{ id, role: 'work', host: 'box', pid: 7, version: '0.1.0', activation: null, fileHash },
})

describe.each(LEDGERS)('operations on configurations over $name', (kind) => {
  let at: Desk
  beforeAll(async () => {
    if (!kind.missing) at = await openDesk(kind)
  }, 60_000)
  afterAll(() => at?.ledger.close())
  beforeEach(async ({ skip }) => {
    skip(kind.missing !== null, kind.missing ?? '')
    await at.db.query('truncate activation, configuration, process restart identity')
    await at.db.query('update installation set activation_id = null')
  })

  const doctor = async () =>
    (await at.ops.doctor({})).filter((c) => c.id.startsWith('configuration')).map((c) => [c.level, c.say.en])

  it('list what was activated page by page, and show what it consisted of', async () => {
    expect(await at.ops.configurationState({})).toEqual({
      ...{ active: null, applied: false, processes: [], replanning: false },
    })
    await expect(at.ops.configurationShow({})).rejects.toMatchObject({ code: 'CONFIGURATION_NONE' })
    const first = await at.ops.configurationActivate(request('a', { why: 'to begin' }))
    const second = await at.ops.configurationActivate(request('b', { expected: first.id }))
    const back = { configuration: first.configuration, kind: 'rollback' as const, expected: second.id }
    const third = await at.ops.configurationActivate(request('', back))
    expect(third).toMatchObject({ hash: 'a', from: second.configuration, kind: 'rollback', by: 'ann' })
    const page = await at.ops.configurationList({ limit: 2 })
    expect([page.items.map((a) => a.id), page.next]).toEqual([[third.id, second.id], second.id])
    const rest = await at.ops.configurationList({ limit: 2, after: page.next! })
    expect([rest.items, rest.next]).toEqual([[first], null])
    expect(await at.ops.configurationShow({ id: first.id })).toEqual({
      ...first,
      ...{ files: { 'tributary.yaml': '# a' }, uses },
    })
    expect(await at.ops.configurationShow({})).toMatchObject({ id: third.id })
    await expect(at.ops.configurationShow({ id: '99' })).rejects.toMatchObject({ code: 'RUNTIME_UNKNOWN' })
    await expect(at.ops.configurationShow({ id: 'a' })).rejects.toMatchObject({ code: 'RUNTIME_REQUEST' })
  })

  it('activate nothing that was decided against something else', async () => {
    const first = await at.ops.configurationActivate(request('a'))
    await expect(at.ops.configurationActivate(request('b'))).rejects.toMatchObject({
      code: 'CONFIGURATION_CHANGED',
    })
    const missing = request('', { configuration: '99', expected: first.id })
    await expect(at.ops.configurationActivate(missing)).rejects.toMatchObject({ code: 'RUNTIME_UNKNOWN' })
    expect((await at.ops.configurationState({})).active).toEqual(first)
  })

  it('say who cannot follow and why, and who was started with something else in its file', async () => {
    expect(await doctor()).toEqual([['ok', 'nothing was activated yet']])
    const first = await at.ops.configurationActivate(request('a'))
    const problem = {
      code: 'CONFIG_SECRET_MISSING',
      detail: { file: 'f', line: 3, field: 'x', name: 'TOKEN', near: '' },
    }
    await addProcess(at.db, worker('one', 'a'))
    await addProcess(at.db, worker('two', 'other'))
    await renewProcess(at.db, worker('one', 'a'), { activation: null, refused: Number(first.id), problem })
    const { processes, applied } = await at.ops.configurationState({})
    expect(applied).toBe(true)
    expect(processes.map((p) => [p.id, p.refused, p.problem?.code ?? null, p.fileDiffers])).toEqual([
      ['one', first.id, 'CONFIG_SECRET_MISSING', false],
      ['two', null, null, true],
    ])
    const said = await doctor()
    expect(said[0]).toEqual([
      'warn',
      expect.stringMatching(/^activation \d+ of .* not applied: work 7 \(box\)$/),
    ])
    expect(said[1]).toEqual(['fail', expect.stringMatching(/stays with the configuration before: .*TOKEN/)])
    // once another one is applied, it does not matter with what a process was started
    await at.ops.configurationActivate(request('other', { expected: first.id }))
    expect((await at.ops.configurationState({})).processes.map((p) => p.fileDiffers)).toEqual([false, false])
  })

  it('count what a change touches', async () => {
    const made = await at.pushed()
    const since = { connection: 'web', since: '2020-01-01T00:00:00Z', until: null }
    expect(
      await at.ops.configurationImpact({
        ...{ flows: ['web-orders', 'other'], connections: ['nc'] },
        orders: [
          { flow: 'web-orders', ranges: [since] },
          { flow: 'other', ranges: [since] },
        ],
      }),
    ).toEqual({
      flows: [
        { shadowed: 0, planned: 1, complete: true },
        { shadowed: 0, planned: 0, complete: true },
      ],
      orders: [
        { fresh: 0, unsent: 1, complete: true },
        { fresh: 1, unsent: 0, complete: true },
      ],
      connections: [{ pushes: 1, records: 0 }],
    })
    expect(made.push).toBeGreaterThan(0)
  })
})
