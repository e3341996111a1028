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
  /** Fails where nothing was taken since the place in the slot was saved. */
  | { op: 'moved'; slot: number }
  | { op: 'match' }

/** A pattern as steps. */
export interface Program {
  steps: Step[]
  groups: number
  /** Places that are saved beside those of the groups. */
  marks: number
  multiline: boolean
}

const MOST_STEPS = 2000

/** Gives null for what this cannot run. */
export function compileProgram(part: Part, groups: number, flags: string): Program | null {
  const program: Program = { steps: [], groups, marks: 0, multiline: flags.includes('m') }
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

type Repeat = Part & { kind: 'repeat' }

function emitRepeat(program: Program, part: Repeat, flags: string): boolean {
  const { steps } = program
  for (let i = 0; i < part.min; i++) if (!emitBody(program, part, flags)) return false
  const split = () => {
    const made = { op: 'split' as const, first: 0, second: 0 }
    const inside = steps.push(made)
    return (after: number) => {
      made.first = part.lazy ? after : inside
      made.second = part.lazy ? inside : after
    }
  }
  if (part.max === Number.POSITIVE_INFINITY) {
    const start = steps.length
    const set = split()
    if (!emitTurn(program, part, flags)) return false
    steps.push({ op: 'jump', to: start })
    set(steps.length)
    return true
  }
  const open: ((after: number) => void)[] = []
  for (let i = part.min; i < part.max; i++) {
    open.push(split())
    if (!emitTurn(program, part, flags)) return false
  }
  for (const set of open) set(steps.length)
  return true
}

function emitBody(program: Program, part: Repeat, flags: string): boolean {
  const [from, to] = part.groups
  if (to > from) program.steps.push({ op: 'forget', from: (from + 1) * 2, to: to * 2 + 1 })
  return emit(program, part.body, flags)
}

/** A turn beyond those that must be is no turn when it takes nothing. */
function emitTurn(program: Program, part: Repeat, flags: string): boolean {
  if (!isNullable(part.body)) return emitBody(program, part, flags)
  const slot = (program.groups + 1) * 2 + program.marks++
  program.steps.push({ op: 'save', slot })
  const done = emitBody(program, part, flags)
  program.steps.push({ op: 'moved', slot })
  return done
}

/** Whether a part may match without taking anything. */
function isNullable(part: Part): boolean {
  switch (part.kind) {
    case 'list':
      return part.parts.every(isNullable)
    case 'choice':
      return part.options.some(isNullable)
    case 'group':
      return isNullable(part.body)
    case 'repeat':
      return part.min === 0 || isNullable(part.body)
    default:
      return part.kind === 'assert'
  }
}

/** Gives the places of the match and its groups (−1 where a group took no part), or null. */
export function runProgram(program: Program, text: string, from: number): Int32Array | null {
  const width = text.length + 1
  const seen = new Uint8Array(Math.ceil((program.steps.length * width) / 8))
  const slots = new Int32Array((program.groups + 1) * 2 + program.marks)
  const a: Attempt = { program, text, seen, slots, stack: [] }
  for (let start = from; start <= text.length; start++) {
    slots.fill(-1)
    slots[0] = start
    if (attempt(a, start)) return slots
  }
  return null
}

/** One attempt: the program, the text, what was tried before, and the places found so far. */
interface Attempt {
  program: Program
  text: string
  seen: Uint8Array
  slots: Int32Array
  /** Pairs of a step and a place to try later; a negative step puts an old place back into a slot. */
  stack: number[]
}

/** Depth first, better choices first. */
function attempt(a: Attempt, start: number): boolean {
  a.stack.push(0, start)
  while (a.stack.length > 0) {
    const at = a.stack.pop()!
    const pc = a.stack.pop()!
    if (pc < 0) a.slots[-pc - 1] = at
    else if (follow(a, pc, at)) {
      a.stack.length = 0
      return true
    }
  }
  return false
}

/** Goes on until a step fails; the other choices are left on the stack. */
function follow(a: Attempt, from: number, start: number): boolean {
  const { text, seen, program } = a
  let [pc, at] = [from, start]
  for (;;) {
    const bit = pc * (text.length + 1) + at
    if (seen[bit >> 3]! & (1 << (bit & 7))) return false
    seen[bit >> 3]! |= 1 << (bit & 7)
    const step = program.steps[pc++]!
    if (step.op === 'character') {
      if (at >= text.length || !step.test(text.charCodeAt(at))) return false
      at++
    } else if (step.op === 'split') {
      a.stack.push(step.second, at)
      pc = step.first
    } else if (step.op === 'jump') pc = step.to
    else if (step.op === 'match') {
      a.slots[1] = at
      return true
    } else if (!still(a, step, at)) return false
  }
}

type Still = Exclude<Step, { op: 'character' | 'split' | 'jump' | 'match' }>

/** A step that takes nothing; false where it fails. */
function still(a: Attempt, step: Still, at: number): boolean {
  if (step.op === 'assert') return holds(step.source, a.text, at, a.program.multiline)
  if (step.op === 'moved') return a.slots[step.slot] !== at
  const [from, to, value] = step.op === 'save' ? [step.slot, step.slot, at] : [step.from, step.to, -1]
  for (let slot = from; slot <= to; slot++) {
    a.stack.push(-slot - 1, a.slots[slot]!)
    a.slots[slot] = value
  }
  return true
}

const isLineEnd = (c: string | undefined) => c === '\n' || c === '\r' || c === '\u2028' || c === '\u2029'
const isWord = (c: string | undefined) => c !== undefined && /\w/.test(c)

function holds(source: string, text: string, at: number, multiline: boolean): boolean {
  if (source === '^') return at === 0 || (multiline && isLineEnd(text[at - 1]))
  if (source === '$') return at === text.length || (multiline && isLineEnd(text[at]))
  return (isWord(text[at - 1]) !== isWord(text[at])) === (source === '\\b')
}
