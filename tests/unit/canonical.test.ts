import { describe, expect, it } from 'vitest'
import { canonicalJson, contentHash } from '../../src/core/canonical.ts'

describe('canonical JSON', () => {
  it('is the same whatever the order of keys, and whatever stands for nothing', () => {
    const one = {
      b: 1,
      a: { y: 'é"\u2028', x: null },
      list: [1, null, { q: '' }],
      empty: {},
      gone: undefined,
    }
    const other = { list: [1, undefined, {}], a: { y: 'é"\u2028', z: '' }, b: 1 }
    expect(canonicalJson(one)).toBe(canonicalJson(other))
    expect(JSON.parse(canonicalJson(one))).toEqual({ a: { y: 'é"\u2028' }, b: 1, list: [1, null, null] })
    expect(contentHash(one)).toMatch(/^[0-9a-f]{32}$/)
  })

  it('tells apart what differs: text from number, order in lists, false and zero from nothing', () => {
    const values = [{ a: 1 }, { a: '1' }, { a: 0 }, { a: false }, { a: [1, 2] }, { a: [2, 1] }, { a: [] }, {}]
    expect(new Set(values.map(contentHash)).size).toBe(values.length)
  })
})
