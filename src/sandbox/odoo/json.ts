/** JSON as Python writes it: a float always has a point, so that 20.0 stays apart from 20. */

const FLOAT = Symbol('float')

/** A float on its way out, as decimal text. */
export interface Float {
  readonly [FLOAT]: string
}

/** Marks decimal text as a Python float. */
export function float(text: string): Float {
  return { [FLOAT]: text }
}

function floatText(text: string): string {
  const plain = String(Number(text))
  return /^-?\d+$/.test(plain) ? `${plain}.0` : plain
}

/** The value as JSON text, with Python's spaces after colons and commas. */
export function encode(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(encode).join(', ')}]`
  if (FLOAT in value) return floatText((value as Float)[FLOAT])
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${JSON.stringify(name)}: ${encode(member)}`)
  return `{${members.join(', ')}}`
}
