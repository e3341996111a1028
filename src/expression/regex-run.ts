/**
 * Runs a regular expression in time linear to the text: every pair of a place in the program and a place in the
 * text is tried once, as what failed there once fails there always. (Without back references and looking around,
 * which `compileProgram` refuses.)
 */
import type { Part } from './regex-parse.ts'

type Step =
  | { op: 'character'; test(code: number): boolean }
  | { op: 'assert'; source: string }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'save'; slot: number }
  | { op: 'forget'; from: number; to: number }
  | { op: 'match' }

/** A pattern as steps. */
export interface Program {
  steps: Step[]
  groups: number
  multiline: boolean
}

const MOST_STEPS = 2000

/** Gives null for what this cannot run. */
export function compileProgram(part: Part, groups: number, flags: string): Program | null {
  const program: Program = { steps: [], groups, multiline: flags.includes('m') }
  const insensitive = flags.includes('i') ? 'i' : ''
  if (!emit(program, part, insensitive)) return null
  program.steps.push({ op: 'match' })
  return program
}

function emit(program: Program, part: Part, flags: string): boolean {
  const { steps } = program
  if (steps.length > MOST_STEPS) return false
  switch (part.kind) {
    case 'character':
      steps.push({ op: 'character', test: characterTest(part.source, flags) })
      return true
    case 'assert':
      steps.push({ op: 'assert', source: part.source })
      return true
    case 'list':
      return part.parts.every((p) => emit(program, p, flags))
    case 'choice':
      return emitChoice(program, part.options, flags)
    case 'group': {
      steps.push({ op: 'save', slot: part.index * 2 })
      const done = emit(program, part.body, flags)
      steps.push({ op: 'save', slot: part.index * 2 + 1 })
      return done
    }
    case 'repeat':
      return emitRepeat(program, part, flags)
    default:
      return false
  }
}

/** The machine's own engine says what a character class holds; the answers are kept. */
function characterTest(source: string, flags: string): (code: number) => boolean {
  const one = new RegExp(`^(?:${source})$`, `${flags}s`.replace(source === '.' ? 's' : '', ''))
  const known = new Map<number, boolean>()
  return (code) => {
    let answer = known.get(code)
    if (answer === undefined) {
      answer = one.test(String.fromCharCode(code))
      known.set(code, answer)
    }
    return answer
  }
}

function emitChoice(program: Program, options: Part[], flags: string): boolean {
  const { steps } = program
  const ends: { op: 'jump'; to: number }[] = []
  for (const [i, option] of options.entries()) {
    if (i === options.length - 1) {
      if (!emit(program, option, flags)) return false
      break
    }
    const split = { op: 'split' as const, first: steps.length + 1, second: 0 }
    steps.push(split)
    if (!emit(program, option, flags)) return false
    const end = { op: 'jump' as const, to: 0 }
    steps.push(end)
    ends.push(end)
    split.second = steps.length
  }
  for (const end of ends) end.to = steps.length
  return true
}

function emitRepeat(program: Program, part: Part & { kind: 'repeat' }, flags: string): boolean {
  const { steps } = program
  const body = () => {
    const [from, to] = part.groups
    if (to > from) steps.push({ op: 'forget', from: (from + 1) * 2, to: to * 2 + 1 })
    return emit(program, part.body, flags)
  }
  const split = () => {
    const made = { op: 'split' as const, first: 0, second: 0 }
    steps.push(made)
    return (inside: number, after: number) => {
      made.first = part.lazy ? after : inside
      made.second = part.lazy ? inside : after
    }
  }
  for (let i = 0; i < part.min; i++) if (!body()) return false
  if (part.max === Number.POSITIVE_INFINITY) {
    const start = steps.length
    const set = split()
    if (!body()) return false
    steps.push({ op: 'jump', to: start })
    set(start + 1, steps.length)
    return true
  }
  const open: ((after: number) => void)[] = []
  for (let i = part.min; i < part.max; i++) {
    const inside = steps.length + 1
    const set = split()
    open.push((after) => set(inside, after))
    if (!body()) return false
  }
  for (const set of open) set(steps.length)
  return true
}

/** Gives the places of the match and its groups (−1 where a group took no part), or null. */
export function runProgram(program: Program, text: string, from: number): Int32Array | null {
  const width = text.length + 1
  const seen = new Uint8Array(Math.ceil((program.steps.length * width) / 8))
  const slots = new Int32Array((program.groups + 1) * 2)
  for (let start = from; start <= text.length; start++) {
    slots.fill(-1)
    slots[0] = start
    if (attempt(program, text, start, seen, slots)) return slots
  }
  return null
}

/** Depth first, better choices first. A negative entry of the stack puts an old value back into a slot. */
function attempt(
  { steps, multiline }: Program,
  text: string,
  start: number,
  seen: Uint8Array,
  slots: Int32Array,
): boolean {
  const stack = [0, start]
  while (stack.length > 0) {
    let at = stack.pop()!
    let pc = stack.pop()!
    if (pc < 0) {
      slots[-pc - 1] = at
      continue
    }
    for (;;) {
      const bit = pc * (text.length + 1) + at
      if (seen[bit >> 3]! & (1 << (bit & 7))) break
      seen[bit >> 3]! |= 1 << (bit & 7)
      const step = steps[pc]!
      if (step.op === 'match') {
        slots[1] = at
        return true
      }
      if (step.op === 'character') {
        if (at >= text.length || !step.test(text.charCodeAt(at))) break
        at++
        pc++
      } else if (step.op === 'assert') {
        if (!holds(step.source, text, at, multiline)) break
        pc++
      } else if (step.op === 'split') {
        stack.push(step.second, at)
        pc = step.first
      } else if (step.op === 'jump') pc = step.to
      else {
        set(step, at, slots, stack)
        pc++
      }
    }
  }
  return false
}

function set(
  step: { op: 'save'; slot: number } | { op: 'forget'; from: number; to: number },
  at: number,
  slots: Int32Array,
  stack: number[],
): void {
  const [from, to, value] = step.op === 'save' ? [step.slot, step.slot, at] : [step.from, step.to, -1]
  for (let slot = from; slot <= to; slot++) {
    stack.push(-slot - 1, slots[slot]!)
    slots[slot] = value
  }
}

const isLineEnd = (c: string | undefined) => c === '\n' || c === '\r' || c === '\u2028' || c === '\u2029'
const isWord = (c: string | undefined) => c !== undefined && /\w/.test(c)

function holds(source: string, text: string, at: number, multiline: boolean): boolean {
  if (source === '^') return at === 0 || (multiline && isLineEnd(text[at - 1]))
  if (source === '$') return at === text.length || (multiline && isLineEnd(text[at]))
  return (isWord(text[at - 1]) !== isWord(text[at])) === (source === '\\b')
}
