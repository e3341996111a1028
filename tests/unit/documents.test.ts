/** The schema of every kind of document, field by field, and the sums of returns and refunds. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Refund } from '../../src/core/documents/refund.ts'
import type { Return } from '../../src/core/documents/return.ts'
import { type Documents, SCHEMAS } from '../../src/core/documents/schemas.ts'
import { DOCUMENT_KINDS, type DocumentKind } from '../../src/core/states.ts'
import { checkDocument } from '../../src/mapping/check-document.ts'
import { type DocumentField, documentFields } from '../../src/mapping/document-shape.ts'
import { validateDocument } from '../../src/mapping/validate.ts'

const AT = '2026-03-01T08:00:00.000Z'
const VALUES: Record<DocumentField['type'], unknown> = {
  money: 9007199254740991,
  decimal: '12345678901234567890.000000000001',
  instant: AT,
  text: 'text',
  boolean: true,
  word: null,
  object: null,
  list: null,
  open: { any: ['thing'] },
}

/** A document with every field that its schema knows; `only`: the fields that must be there. */
function filled(fields: DocumentField[], only: boolean): Record<string, unknown> {
  const wanted = only ? fields.filter((f) => f.required) : fields
  return Object.fromEntries(wanted.map((f) => [f.name, sampleOf(f, only)]))
}

function sampleOf(field: DocumentField, only: boolean): unknown {
  if (field.type === 'word') return field.words[0]
  if (field.name === 'currency') return 'KWD'
  if (field.type === 'object') return filled(field.fields, only)
  if (field.type === 'list') return [field.fields.length === 0 ? 'text' : filled(field.fields, only)]
  return VALUES[field.type]
}

const head = { connection: 'web', entity: 'main' }
const whole = (kind: DocumentKind, only = false): Record<string, unknown> => ({
  ...filled(documentFields(kind)!, only),
  ...head,
})

interface Leaf {
  path: (string | number)[]
  field: DocumentField
}

function leaves(fields: DocumentField[], above: (string | number)[] = []): Leaf[] {
  return fields.flatMap((field) => {
    const path = [...above, field.name]
    if (field.type === 'object') return [{ path, field }, ...leaves(field.fields, path)]
    if (field.type === 'list') return [{ path, field }, ...leaves(field.fields, [...path, 0])]
    return [{ path, field }]
  })
}

/** A copy in which one place holds something else; `undefined` takes it away. */
function changed(document: unknown, path: (string | number)[], value: unknown): unknown {
  const copy = structuredClone(document)
  let at = copy as Record<string | number, unknown>
  for (const part of path.slice(0, -1)) at = at[part] as Record<string | number, unknown>
  at[path.at(-1)!] = value
  return JSON.parse(JSON.stringify(copy))
}

/** What no field of a type may hold: amounts and decimals exact, instants with a zone. */
const WRONG: Partial<Record<DocumentField['type'], unknown[]>> = {
  money: [1.5, '100', 9007199254740992, true],
  decimal: [1.5, '1e3', '1,5', '', '.5', '+1', 'NaN', ' 1'],
  instant: ['2026-03-01', '2026-03-01 08:00:00', 1772352000000, ''],
  text: [7, true, {}],
  boolean: ['true', 1],
  word: ['no such word', 1],
  object: ['text', []],
  list: ['text', { 0: 'text' }],
}

const refusal = (kind: DocumentKind, value: unknown) => {
  try {
    validateDocument(kind, value)
  } catch (error) {
    return (error as { code: string; detail: { field: string } }).code
  }
  return null
}

describe.each(DOCUMENT_KINDS)('%s', (kind) => {
  it('is valid with every field, and with those alone that must be there', () => {
    for (const only of [false, true]) {
      const document = whole(kind, only)
      expect(validateDocument(kind, document)).toBe(document)
    }
  })

  it('keeps amounts whole, decimals and instants exact, words from their list: at every field', () => {
    const document = whole(kind)
    const all = leaves(documentFields(kind)!)
    const taken = all.flatMap(({ path, field }) =>
      (WRONG[field.type] ?? [])
        .filter((value) => refusal(kind, changed(document, path, value)) === null)
        .map((value) => [path.join('.'), value]),
    )
    expect(taken).toEqual([])
    // the walk has seen the fields
    expect(all.length).toBeGreaterThan(4)
  })

  it('lacks nothing that must be there, and nothing that has no name', () => {
    const document = whole(kind)
    const all = leaves(documentFields(kind)!)
    for (const { path, field } of all) {
      const without = refusal(kind, changed(document, path, undefined))
      if (field.required) expect([path.join('.'), without]).not.toEqual([path.join('.'), null])
      else expect([path.join('.'), without]).toEqual([path.join('.'), null])
    }
    expect(refusal(kind, { ...document, nmae: 'x' })).toBe('RECORD_INVALID')
    expect(refusal(kind, null)).toBe('RECORD_INVALID')
  })

  it('says what it is, for the reference page', () => {
    expect((SCHEMAS[kind] as { description?: string }).description).toMatch(/^[a-z].{10,}[^.]$/)
  })
})

const AMOUNT = fc.integer({ min: -(2 ** 40), max: 2 ** 40 })
const maybe = fc.option(AMOUNT, { nil: undefined })

function aReturn(given: Partial<Return>): Return {
  return {
    ...head,
    externalId: 'R1',
    version: '1',
    kind: 'return',
    order: '7',
    state: 'requested',
    requestedAt: AT,
    currency: 'CNY',
    lines: [],
    total: 0,
    ...given,
  }
}
function aRefund(given: Partial<Refund>): Refund {
  return {
    ...head,
    externalId: 'F1',
    version: '1',
    order: '7',
    state: 'settled',
    currency: 'CNY',
    amount: 0,
    components: [],
    ...given,
  }
}

describe('sums', () => {
  const partsOf = (r: Return) =>
    r.lines.reduce((sum, l) => sum + l.amount, 0) + (r.freight ?? 0) + (r.adjustment ?? 0)

  it('of a return add up whatever the source explains: the rest is the adjustment', () => {
    fc.assert(
      fc.property(fc.array(AMOUNT, { maxLength: 5 }), maybe, AMOUNT, (lines, freight, total) => {
        const given = aReturn({
          lines: lines.map((amount) => ({ sku: 'A', quantity: '1', amount })),
          ...(freight === undefined ? {} : { freight }),
          total,
        })
        const made = checkDocument('return', validateDocument('return', given))
        expect(partsOf(made)).toBe(total)
        expect(made.lines).toEqual(given.lines)
        expect(made.freight).toBe(given.freight)
        // what is stored passes again unchanged
        expect(checkDocument('return', made)).toBe(made)
      }),
    )
  })

  it('of a refund add up too, and none of its components is changed', () => {
    fc.assert(
      fc.property(fc.array(AMOUNT, { maxLength: 5 }), AMOUNT, (parts, amount) => {
        const components = parts.map((one) => ({ kind: 'goods' as const, sku: 'A', amount: one }))
        const made = checkDocument('refund', validateDocument('refund', aRefund({ components, amount })))
        expect(made.components.reduce((sum, c) => sum + c.amount, 0)).toBe(amount)
        expect(made.components.slice(0, parts.length)).toEqual(components)
        expect(checkDocument('refund', made)).toBe(made)
      }),
    )
  })

  it('that a mapping states itself must be right', () => {
    expect(() => checkDocument('return', aReturn({ total: 500, freight: 300, adjustment: 100 }))).toThrow(
      'the parts add up to 4.00 CNY, the return states 5.00',
    )
    const components = [{ kind: 'adjustment' as const, amount: 1 }]
    expect(() => checkDocument('refund', aRefund({ components, amount: 2 }))).toThrow(
      expect.objectContaining({ code: 'RECORD_PARTS', kind: 'input' }),
    )
    expect(checkDocument('return', aReturn({ total: 400, freight: 300, adjustment: 100 })).adjustment).toBe(
      100,
    )
  })

  it('are of a currency that is in use', () => {
    const receipt = { ...whole('receipt'), currency: 'QQQ' } as unknown as Documents['receipt']
    for (const work of [
      () => checkDocument('return', aReturn({ currency: 'QQQ' })),
      () => checkDocument('refund', aRefund({ currency: 'QQQ' })),
      () => checkDocument('receipt', receipt),
    ])
      expect(work).toThrow(expect.objectContaining({ code: 'RECORD_CURRENCY' }))
  })

  it('leave kinds without money alone', () => {
    const stock = whole('stock') as unknown as Documents['stock']
    expect(checkDocument('stock', stock)).toBe(stock)
  })
})
