/** One id out of JSON bytes without parsing them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { peekJson } from '../../src/connector/peek.ts'

const peek = (text: string, path = 'id') => peekJson(Buffer.from(text), path)

describe('peekJson', () => {
  it.each([
    ['{"id":7000000000001}', 'id', '7000000000001'],
    ['{"id":12345678901234567890,"x":1}', 'id', '12345678901234567890'],
    ['\uFEFF { "a" : [1,{"id":2},"}"] , "id" : "gid-9" }', 'id', 'gid-9'],
    ['{"note":"\\"id\\":1, {","id":2}', 'id', '2'],
    ['{"order":{"note":"}","order_id":5},"order_id":6}', 'order.order_id', '5'],
    ['{"a":{"id":1}}', 'id', null],
    ['{"id":1.5}', 'id', null],
    ['{"id":null}', 'id', null],
    ['{"id":{"id":1}}', 'id', null],
    ['[{"id":1}]', 'id', null],
    ['{"x"', 'id', null],
    ['{"x":"never ends', 'id', null],
    ['', 'id', null],
  ])('%s at %s → %s', (text, path, id) => {
    expect(peek(text, path)).toBe(id)
  })

  it('does not mind what makes a parser run out of stack or memory', () => {
    const deep = `{"a":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)},"id":"x1"}`
    expect(peek(deep)).toBe('x1')
    expect(peek('['.repeat(1_000_000))).toBeNull()
    expect(peek('{"a":'.repeat(300_000))).toBeNull()
  })

  it('finds what a parser finds, whatever stands around it', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 6 }),
        fc.oneof(fc.integer(), fc.stringMatching(/^[a-z0-9-]{1,20}$/)),
        fc.nat(3),
        (around, id, indent) => {
          const { id: _, ...rest } = around as Record<string, unknown>
          const text = JSON.stringify({ ...rest, order: { ...rest, id }, id }, null, indent)
          const expected = JSON.parse(text) as { id: unknown }
          expect(peek(text)).toBe(String(expected.id))
          if (!('order' in rest)) expect(peek(text, 'order.id')).toBe(String(id))
        },
      ),
      { numRuns: 300 },
    )
  })
})
