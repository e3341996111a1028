/** Several copies of one document in one batch: which one counts, and when the source must be asked. */
import { describe, expect, it } from 'vitest'
import type { NewDocument } from '../../src/ledger/document.ts'
import { fold } from '../../src/pipeline/normalize.ts'

const copy = (inboxId: number, version: string, hash: string, authoritative = false): NewDocument => ({
  ...{ inboxId, version, hash, authoritative, stream: 'order', connection: 'shop', kind: 'order' },
  ...{ externalId: '1', entity: 'main', number: '#1', phoneTail: null, terms: null, mapping: 'm' },
  ...{ refreshAfter: null, content: {} },
})
const ids = (documents: NewDocument[]) => documents.map((d) => d.inboxId)

describe('fold', () => {
  it('keeps the newest version, in whichever order they came', () => {
    for (const batch of [
      [copy(1, 'v1', 'a'), copy(2, 'v2', 'b')],
      [copy(1, 'v2', 'b'), copy(2, 'v1', 'a')],
    ]) {
      const { documents, older, doubtful } = fold(batch)
      expect(documents.map((d) => d.version)).toEqual(['v2'])
      expect(older.map((d) => d.version)).toEqual(['v1'])
      expect(doubtful).toEqual([])
    }
  })

  it('takes equal copies of one version for one', () => {
    expect(fold([copy(1, 'v1', 'a'), copy(2, 'v1', 'a')])).toMatchObject({ doubtful: [] })
  })

  it('doubts copies of one version that disagree: a reordered webhook must not hide an edit', () => {
    const { documents, older, doubtful } = fold([copy(1, 'v1', 'edited'), copy(2, 'v1', 'placed')])
    expect([ids(documents), ids(older), ids(doubtful)]).toEqual([[2], [1], [1]])
  })

  it('lets a read by id settle a doubt, yet asks again about what came after it', () => {
    const { documents, doubtful } = fold([copy(1, 'v1', 'read', true), copy(2, 'v1', 'later')])
    expect([ids(documents), ids(doubtful)]).toEqual([[1], [2]])
  })
})
