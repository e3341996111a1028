/** JSONata's binary operators on settled values; `and` and `or` are not here, they may skip their right side. */
import { isNumeric, NotQuick } from './sequence.ts'

function numeric(work: (a: number, b: number) => number) {
  return (a: unknown, b: unknown) => {
    if ((a !== undefined && !isNumeric(a)) || (b !== undefined && !isNumeric(b)))
      throw new TypeError('not a number')
    return a === undefined || b === undefined ? undefined : work(a as number, b as number)
  }
}

function ordered(work: (a: number | string, b: number | string) => boolean) {
  return (a: unknown, b: unknown) => {
    for (const v of [a, b]) {
      if (v !== undefined && typeof v !== 'string' && typeof v !== 'number')
        throw new TypeError('not comparable')
    }
    if (a === undefined || b === undefined) return undefined
    if (typeof a !== typeof b) throw new TypeError('not comparable')
    return work(a as string, b as string)
  }
}

function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  const both = typeof a === 'object' && typeof b === 'object' && a !== null && b !== null
  if (both) throw new NotQuick('objects compared')
  return false
}

const isPlain = (v: unknown) => typeof v === 'string' || (typeof v === 'number' && Number.isSafeInteger(v))

/** By sign. Each throws for operands that it cannot use, or does not decide on (then the interpreter does). */
export const OPERATORS: Record<string, (a: unknown, b: unknown) => unknown> = {
  '+': numeric((a, b) => a + b),
  '-': numeric((a, b) => a - b),
  '*': numeric((a, b) => a * b),
  '/': numeric((a, b) => a / b),
  '%': numeric((a, b) => a % b),
  '<': ordered((a, b) => a < b),
  '<=': ordered((a, b) => a <= b),
  '>': ordered((a, b) => a > b),
  '>=': ordered((a, b) => a >= b),
  '=': (a, b) => a !== undefined && b !== undefined && equal(a, b),
  '!=': (a, b) => a !== undefined && b !== undefined && !equal(a, b),
  in: (a, b) => a !== undefined && b !== undefined && (Array.isArray(b) ? b : [b]).includes(a),
  '&': (a, b) => {
    if ((a !== undefined && !isPlain(a)) || (b !== undefined && !isPlain(b)))
      throw new NotQuick('text of a value')
    return `${a ?? ''}${b ?? ''}`
  },
}
