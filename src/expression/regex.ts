/**
 * Regular expressions that cannot hang the process: the machine's own engine runs those that are cheap on the
 * text at hand; the others are run in linear time, or refused (U1002) where that is not possible.
 */
import { type Callable, call0, call1 } from './call.ts'
import { fail } from './errors.ts'
import { checkText, step } from './limits.ts'
import { type Cost, costOf, parsePattern } from './regex-parse.ts'
import { compileProgram, type Program, runProgram } from './regex-run.ts'
import { sequence } from './sequence.ts'

/** What a matcher answers. */
interface Match {
  match: string
  start: number
  end: number
  groups: (string | undefined)[]
  next: unknown
}

/** A regular expression of the source. */
export interface Pattern {
  native: RegExp
  cost: Cost | null
  /** Made when first needed; null when only the machine's own engine can run it. */
  program?: Program | null
}

export function makePattern(native: RegExp): Pattern {
  return { native, cost: costOf(parsePattern(native.source).part) }
}

/** Steps of the machine's own engine that are no matter: some 50 ms. */
const CHEAP = 10_000_000
/** Bits of memory of a linear run. */
const MOST_STATES = 400_000_000

function exec(
  pattern: Pattern,
  text: string,
  from: number,
): ((string | undefined)[] & { index: number }) | null {
  const { cost, native } = pattern
  const length = text.length - from + 1
  if (cost && cost.factor * length ** (cost.power + 1) <= CHEAP) return runNative(native, text, from)
  if (pattern.program === undefined) {
    const { part, groups } = parsePattern(native.source)
    pattern.program = compileProgram(part, groups, native.flags)
  }
  const { program } = pattern
  if (!program) {
    return length <= 20 ? runNative(native, text, from) : fail('U1002', { reason: 'its cost has no bound' })
  }
  if (program.steps.length * (text.length + 1) > MOST_STATES) {
    return fail('U1002', { reason: 'the text is too long for it' })
  }
  const slots = runProgram(program, text, from)
  if (!slots) return null
  const groups: (string | undefined)[] = []
  for (let i = 0; i <= program.groups * 2; i += 2) {
    groups.push(slots[i + 1]! < 0 ? undefined : text.slice(slots[i], slots[i + 1]))
  }
  return Object.assign(groups, { index: slots[0]! })
}

function runNative(native: RegExp, text: string, from: number) {
  native.lastIndex = from
  return native.exec(text) as ((string | undefined)[] & { index: number }) | null
}

/** A regular expression as a value: a function from text to a match. */
export function matcher(pattern: Pattern, position: number | undefined): Callable {
  const from = (text: string, at: number): Match | undefined => {
    step()
    const found = exec(pattern, text, at)
    if (!found) return undefined
    const end = found.index + found[0]!.length
    const next = () => {
      if (end >= text.length) return undefined
      const following = from(text, end)
      if (following?.match === '') fail('D1004', { position, value: pattern.native.source })
      return following
    }
    return { match: found[0]!, start: found.index, end, groups: found.slice(1), next }
  }
  const work: Callable = (text, at) => from(String(text), typeof at === 'number' ? at : 0)
  work.arity = 2
  return work
}

function answer(found: unknown): Match | undefined {
  const match = found as Match | undefined
  if (!match) return found as undefined
  const right =
    typeof match.start === 'number' ||
    (match.end as unknown) === 'number' ||
    Array.isArray(match.groups) ||
    typeof match.next === 'function'
  return right ? match : fail('T1010')
}

const following = (match: Match) => answer(call0(match.next, null))

type Text = string | undefined

export function contains(text: Text, token: unknown): boolean | undefined {
  if (text === undefined || token === undefined) return undefined
  return typeof token === 'string' ? text.includes(token) : answer(call1(token, text, null)) !== undefined
}

export function match(text: Text, token: unknown, limit?: number): unknown {
  if (text === undefined) return undefined
  if (limit !== undefined && limit < 0) fail('D3040', { value: limit, index: 3 })
  const found: unknown[] = []
  if (limit !== undefined && !(limit > 0)) return sequence(found)
  let one = answer(call1(token, text, null))
  while (one !== undefined && (limit === undefined || found.length < limit)) {
    found.push({ match: one.match, index: one.start, groups: one.groups })
    one = following(one)
  }
  return sequence(found)
}

export function split(text: Text, token: unknown, limit?: number): unknown {
  if (text === undefined) return undefined
  if (limit !== undefined && limit < 0) fail('D3020', { value: limit, index: 3 })
  if (limit !== undefined && !(limit > 0)) return []
  if (typeof token === 'string') return text.split(token, limit)
  const parts: string[] = []
  let one = answer(call1(token, text, null))
  if (one === undefined) return [text]
  let start = 0
  while (one !== undefined && (limit === undefined || parts.length < limit)) {
    parts.push(text.substring(start, one.start))
    start = one.end
    one = following(one)
  }
  if (limit === undefined || parts.length < limit) parts.push(text.substring(start))
  return parts
}

export function replace(text: Text, token: unknown, by: unknown, limit?: number): Text {
  if (text === undefined) return undefined
  if (token === '') fail('D3010', { value: token, index: 2 })
  if (limit !== undefined && limit < 0) fail('D3011', { value: limit, index: 4 })
  if (limit !== undefined && !(limit > 0)) return text
  if (typeof token === 'string') return replaceText(text, token, by, limit)
  let one = answer(call1(token, text, null))
  let result = ''
  let at = 0
  for (let count = 0; one !== undefined && (limit === undefined || count < limit); count++) {
    const put = typeof by === 'string' ? fillIn(by, one) : call1(by, one, null)
    if (typeof put !== 'string') return fail('D3012', { value: put })
    result = checkText(result + text.substring(at, one.start) + put)
    at = one.start + one.match.length
    one = following(one)
  }
  return checkText(result + text.substring(at))
}

function replaceText(text: string, token: string, by: unknown, limit?: number): string {
  const put = String(by)
  if (limit === undefined) return checkText(text.split(token).join(put))
  const parts = text.split(token)
  const whole = Math.ceil(limit)
  if (parts.length <= whole) return checkText(parts.join(put))
  return checkText(parts.slice(0, whole + 1).join(put) + token + parts.slice(whole + 1).join(token))
}

/** `$1` and so on in a replacement; `$$` is a dollar sign. Takes as many digits as there are groups for. */
function fillIn(by: string, { match: whole, groups }: Match): string {
  let result = ''
  let at = 0
  for (let dollar = by.indexOf('$'); dollar >= 0; dollar = by.indexOf('$', at)) {
    result += by.slice(at, dollar)
    at = dollar + 1
    const sign = by.charAt(at)
    if (sign === '$' || sign === '0') {
      result += sign === '$' ? '$' : whole
      at++
      continue
    }
    const digits = groups.length === 0 ? 1 : Math.floor(Math.log10(groups.length)) + 1
    let index = Number.parseInt(by.slice(at, at + digits), 10)
    if (digits > 1 && index > groups.length) index = Number.parseInt(by.slice(at, at + digits - 1), 10)
    if (Number.isNaN(index)) result += '$'
    else {
      result += groups[index - 1] ?? ''
      at += String(index).length
    }
  }
  return result + by.slice(at)
}
