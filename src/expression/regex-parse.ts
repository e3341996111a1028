/**
 * Reads a regular expression far enough to say what it may cost and to run it without going back and forth. What
 * a single character may be is left to the machine's own engine, so only the structure is read here.
 */

export type Part =
  | { kind: 'character'; source: string }
  | { kind: 'assert'; source: string }
  | { kind: 'list'; parts: Part[] }
  | { kind: 'choice'; options: Part[] }
  | { kind: 'group'; index: number; body: Part }
  | { kind: 'repeat'; min: number; max: number; lazy: boolean; body: Part; groups: [number, number] }
  /** Back references and looking around: only the machine's own engine runs them. */
  | { kind: 'other' }

interface Reader {
  source: string
  at: number
  groups: number
}

/** Reads a pattern that the machine's own engine took. Gives its structure and the number of its groups. */
export function parsePattern(source: string): { part: Part; groups: number } {
  const reader: Reader = { source, at: 0, groups: 0 }
  const part = readChoice(reader)
  return { part, groups: reader.groups }
}

function readChoice(r: Reader): Part {
  const options = [readList(r)]
  while (r.source[r.at] === '|') {
    r.at++
    options.push(readList(r))
  }
  return options.length === 1 ? options[0]! : { kind: 'choice', options }
}

function readList(r: Reader): Part {
  const parts: Part[] = []
  while (r.at < r.source.length && r.source[r.at] !== '|' && r.source[r.at] !== ')') {
    const before = r.groups
    const atom = readAtom(r)
    parts.push(readRepeat(r, atom, before))
  }
  return { kind: 'list', parts }
}

const QUANTIFIER = /^(?:[*+?]|\{(\d+)(,(\d*))?\})(\??)/

function readRepeat(r: Reader, body: Part, before: number): Part {
  const found = QUANTIFIER.exec(r.source.slice(r.at, r.at + 40))
  if (!found) return body
  r.at += found[0].length
  const sign = found[0][0]!
  const [, low, comma, high, question] = found
  const min = sign === '+' ? 1 : sign === '{' ? Number(low) : 0
  const open = sign === '*' || sign === '+' || (sign === '{' && comma !== undefined && high === '')
  const max = open ? Number.POSITIVE_INFINITY : sign === '?' ? 1 : comma === undefined ? min : Number(high)
  return { kind: 'repeat', min, max, lazy: question === '?', body, groups: [before, r.groups] }
}

function readAtom(r: Reader): Part {
  const sign = r.source[r.at]!
  if (sign === '(') return readGroup(r)
  if (sign === '[') return take(r, classEnd(r.source, r.at))
  if (sign === '^' || sign === '$') {
    r.at++
    return { kind: 'assert', source: sign }
  }
  if (sign !== '\\') return take(r, r.at + 1)
  return readEscape(r)
}

function take(r: Reader, end: number): Part {
  const source = r.source.slice(r.at, end)
  r.at = end
  return { kind: 'character', source }
}

function classEnd(source: string, start: number): number {
  let at = start + 1
  while (at < source.length && source[at] !== ']') at += source[at] === '\\' ? 2 : 1
  return at + 1
}

const ESCAPE = /^\\(?:c[A-Za-z]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[\s\S])/

function readEscape(r: Reader): Part {
  const [text] = ESCAPE.exec(r.source.slice(r.at, r.at + 6)) ?? ['\\']
  const letter = text[1] ?? ''
  if (letter === 'b' || letter === 'B') {
    r.at += 2
    return { kind: 'assert', source: text }
  }
  if (/[1-9k]/.test(letter)) {
    r.at += 2
    return { kind: 'other' }
  }
  return take(r, r.at + text.length)
}

function readGroup(r: Reader): Part {
  const rest = r.source.slice(r.at, r.at + 4)
  const named = /^\(\?<[^=!]/.test(rest)
  const around = /^\(\?<?[=!]/.test(rest)
  const plain = rest.startsWith('(?:')
  const index = plain || around ? 0 : ++r.groups
  const other = rest.startsWith('(?') && !named && !around && !plain
  r.at = named ? r.source.indexOf('>', r.at) + 1 : r.at + (plain ? 3 : around ? rest.search(/[=!]/) + 1 : 1)
  const body = readChoice(r)
  r.at++
  if (around || other) return { kind: 'list', parts: [body, { kind: 'other' }] }
  return index === 0 ? body : { kind: 'group', index, body }
}

/** What going back and forth may cost: `factor` × length ^ `power`; null: it may double with every character. */
export interface Cost {
  power: number
  factor: number
}

const FEW = 3

/** The cost of one attempt at one place. */
export function costOf(part: Part): Cost | null {
  switch (part.kind) {
    case 'list':
      return together(part.parts.map(costOf))
    case 'choice': {
      const all = together(part.options.map(costOf))
      return all && { power: all.power, factor: all.factor * part.options.length }
    }
    case 'group':
      return costOf(part.body)
    case 'repeat': {
      const body = costOf(part.body)
      if (!body) return null
      if (part.max <= 1) return { power: body.power, factor: body.factor * 2 }
      // A repetition of what itself can match in several ways: the ways multiply.
      if (body.power > 0 || body.factor > 1) return null
      if (part.min === part.max) return body
      if (part.max - part.min <= FEW) return { power: 0, factor: part.max - part.min + 1 }
      return { power: 1, factor: 1 }
    }
    default:
      return { power: 0, factor: 1 }
  }
}

function together(costs: (Cost | null)[]): Cost | null {
  let all: Cost = { power: 0, factor: 1 }
  for (const one of costs) {
    if (!one) return null
    all = { power: all.power + one.power, factor: all.factor * one.factor }
  }
  return all
}
