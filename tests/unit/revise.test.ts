/** What becomes of an order's pushes when the order changes, state by state. */
import { describe, expect, it } from 'vitest'
import type { PushHead, PushState } from '../../src/ledger/push.ts'
import { revise } from '../../src/pipeline/stages/revise.ts'

const push = (state: PushState, o: Partial<PushHead> = {}): PushHead => ({
  id: 1,
  document_id: 1,
  connection: 'erp',
  kind: 'order',
  flow: 'f',
  subject: 's',
  revision: 1,
  state,
  uncertain: false,
  content_hash: 'a',
  remote_id: null,
  remote_number: null,
  ...o,
})
const same = { hash: 'a' }
const other = { hash: 'b' }

describe('revise', () => {
  it('plans the first push, and none where nothing is wanted', () => {
    expect(revise([], same, false)).toMatchObject({ do: 'push', revision: 1 })
    expect(revise([], null, false)).toEqual({ do: 'nothing' })
  })
  it('does nothing while the content is the same, whatever the state', () => {
    const states: PushState[] = [
      'planned',
      'sending',
      'unknown',
      'accepted',
      'confirmed',
      'rejected',
      'parked',
      'shadowed',
    ]
    for (const state of states) expect(revise([push(state)], same, false), state).toEqual({ do: 'nothing' })
  })
  it('takes back what was not sent and plans a new revision', () => {
    expect(revise([push('planned')], other, false)).toMatchObject({
      do: 'push',
      revision: 2,
      withdraw: { id: 1 },
    })
    expect(revise([push('planned')], null, false)).toMatchObject({ do: 'withdraw' })
    expect(revise([push('parked')], other, false)).toMatchObject({
      do: 'push',
      revision: 2,
      withdraw: { id: 1 },
    })
  })
  it('waits while a push is under way or in doubt', () => {
    for (const state of ['sending', 'unknown', 'accepted'] as const) {
      expect(revise([push(state)], other, false), state).toMatchObject({ do: 'wait' })
      expect(revise([push(state)], null, false), state).toMatchObject({ do: 'wait' })
    }
  })
  it('asks a person once the ERP holds it, or may hold it', () => {
    expect(revise([push('confirmed')], other, false)).toMatchObject({ do: 'task', kind: 'amend-needed' })
    expect(revise([push('confirmed')], null, false)).toMatchObject({ do: 'task', kind: 'cancel-needed' })
    expect(revise([push('parked', { uncertain: true })], other, false)).toMatchObject({
      do: 'task',
      kind: 'amend-needed',
    })
  })
  it('replaces a written document where the remote allows it', () => {
    expect(revise([push('confirmed')], other, true)).toMatchObject({
      do: 'push',
      revision: 2,
      replaces: { id: 1 },
    })
  })
  it('plans again after a refusal when the content changed, and after a withdrawal', () => {
    expect(revise([push('rejected')], other, false)).toMatchObject({
      do: 'push',
      revision: 2,
      withdraw: null,
    })
    expect(revise([push('withdrawn')], same, false)).toMatchObject({ do: 'push', revision: 2 })
    expect(revise([push('withdrawn')], null, false)).toEqual({ do: 'nothing' })
  })
})
