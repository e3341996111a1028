/**
 * The push protocol as a model: a remote that commits late, loses answers and lags in its finds, against the
 * two pure functions that decide every step. Whatever the remote does, one document stands at the end.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outcome, Remote } from '../../src/core/outcome.ts'
import {
  afterFind,
  afterWrite,
  backoff,
  type Next,
  type Protocol,
  REFUSED_PATIENCE,
} from '../../src/pipeline/stages/settle.ts'

const LATE = 10_000
const LAG = 20_000
const LEASE = 5_000

interface Held {
  id: string
  /** When it is written, and when a find shows it. */
  at: number
  visible: number
  state: 'draft' | 'final'
  deleted: boolean
}

/** What the remote does with one call: does it happen, when, and does the caller hear of it. */
const behaviour = fc.record({
  happens: fc.boolean(),
  late: fc.nat(LATE),
  lag: fc.nat(LAG),
  heard: fc.boolean(),
})
type Behaviour = typeof behaviour extends fc.Arbitrary<infer T> ? T : never

class World {
  now = 0
  held: Held[] = []
  #moves: Behaviour[]
  #n = 0
  constructor(moves: Behaviour[]) {
    this.#moves = moves
  }
  /** After the scripted moves the remote behaves, so that every run ends. */
  move(): Behaviour {
    return this.#moves[this.#n++] ?? { happens: true, late: 0, lag: 0, heard: true }
  }
  write(drafts: boolean): Outcome {
    const { happens, late, lag, heard } = this.move()
    if (!happens && heard) return { kind: 'not-done', code: 'BUSY', message: '' }
    if (!happens) return { kind: 'unknown', code: 'LOST', message: '' }
    const at = this.now + (heard ? 0 : late)
    const id = `d${this.held.length + 1}`
    const state = drafts ? ('draft' as const) : ('final' as const)
    this.held.push({ id, at, visible: at + lag, state, deleted: false })
    return heard ? { kind: 'done', remote: { id, state } } : { kind: 'unknown', code: 'LOST', message: '' }
  }
  confirm(remote: Remote): Outcome {
    const { happens, heard } = this.move()
    const doc = this.held.find((d) => d.id === remote.id)!
    if (happens) doc.state = 'final'
    return happens && heard
      ? { kind: 'done', remote: { ...remote, state: 'final' } }
      : { kind: 'unknown', code: 'LOST', message: '' }
  }
  find(): Remote[] {
    return this.held
      .filter((d) => !d.deleted && d.visible <= this.now)
      .map(({ id, state }) => ({ id, state }))
  }
  standing(): Held[] {
    return this.held.filter((d) => !d.deleted)
  }
}

interface Push {
  state: Next['state']
  uncertain: boolean
  rewritten: boolean
  attempt: number
  age: number
  due: number
}

/** Drives one push as deliver.ts and resolve.ts do, in virtual time. */
function run(world: World, op: Protocol, steps = 400): Push {
  const push: Push = { state: 'planned', uncertain: false, rewritten: false, attempt: 0, age: 0, due: 0 }
  const apply = (next: Next) => Object.assign(push, { ...next, due: world.now + next.dueIn })
  for (let i = 0; i < steps && (push.state === 'planned' || push.state === 'unknown'); i++) {
    world.now = Math.max(world.now, push.due)
    if (push.state === 'unknown' && op.class === 'find') find(world, op, push, apply)
    else write(world, op, push, apply)
  }
  return push
}

function write(world: World, op: Protocol, push: Push, apply: (next: Next) => void): void {
  push.attempt++
  if (op.class === 'find' && push.uncertain) push.rewritten = true
  const first = op.class === 'resend-safe' ? resend(world) : world.write(op.drafts)
  let outcome = first
  if (first.kind === 'done' && first.remote.state === 'draft' && !push.rewritten) {
    const done = world.confirm(first.remote)
    outcome = done.kind === 'done' ? done : { kind: 'unknown', code: 'LAST_STEP', message: '' }
  }
  apply(afterWrite(push, outcome, op, LEASE))
}

/** The remote refuses a second document under the key. */
function resend(world: World): Outcome {
  if (world.held.some((d) => d.at <= world.now))
    return { kind: 'refused', code: '-31000', message: '', duplicate: true }
  const outcome = world.write(false)
  // a late first copy makes the second one bounce inside the remote: its unique key holds
  if (world.held.length > 1) world.held.length = 1
  return outcome
}

function find(world: World, op: Protocol, push: Push, apply: (next: Next) => void): void {
  const later = (state: Next['state'], dueIn: number, uncertain: boolean): Next => ({
    state,
    uncertain,
    rewritten: push.rewritten,
    dueIn,
    remote: null,
    code: null,
    message: null,
    event: '',
  })
  const found = afterFind({ hits: world.find() }, op, null)
  if (found.do === 'write') apply(later('planned', 0, true))
  else if (found.do === 'park') apply(later('parked', 0, true))
  else if (found.do === 'discard') {
    for (const surplus of found.surplus) world.held.find((d) => d.id === surplus.id)!.deleted = true
    apply(later('unknown', op.settle, true))
  } else if (found.do === 'advance') {
    const done: Outcome =
      found.remote.state === 'final' ? { kind: 'done', remote: found.remote } : world.confirm(found.remote)
    apply(done.kind === 'done' ? later('confirmed', 0, false) : later('unknown', op.settle, true))
  }
}

const op = (o: Partial<Protocol>): Protocol => ({
  class: 'find',
  settle: LATE + LAG,
  drafts: true,
  acknowledgeWithin: 0,
  ...o,
})
const moves = fc.array(behaviour, { maxLength: 12 })

describe('the push protocol', () => {
  it('leaves one finished document in a remote with drafts and no unique key', () => {
    fc.assert(
      fc.property(moves, (script) => {
        const world = new World(script)
        const push = run(world, op({}))
        expect(push.state).toBe('confirmed')
        expect(world.standing().map((d) => d.state)).toEqual(['final'])
      }),
      { numRuns: 2000 },
    )
  })

  it('writes once in a remote that can only be asked, as long as settle covers lateness and lag', () => {
    fc.assert(
      fc.property(moves, (script) => {
        const world = new World(script)
        const push = run(world, op({ drafts: false }))
        expect(push.state).toBe('confirmed')
        expect(world.standing()).toHaveLength(1)
      }),
      { numRuns: 2000 },
    )
  })

  it('doubles documents when settle is 0: the negative control of the two above', () => {
    const runs = fc.sample(moves, { numRuns: 2000, seed: 5 }).map((script) => {
      const world = new World(script)
      run(world, op({ drafts: false, settle: 0 }))
      world.now += 60_000
      return world.standing().length
    })
    expect(runs.some((n) => n > 1)).toBe(true)
  })

  it('needs no find where the remote itself refuses a second document', () => {
    fc.assert(
      fc.property(moves, (script) => {
        const world = new World(script)
        const push = run(world, op({ class: 'resend-safe', drafts: false, settle: 0 }))
        expect(push.state).toBe('confirmed')
        expect(world.standing()).toHaveLength(1)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('one attempt', () => {
  const fresh = { uncertain: false, rewritten: false, attempt: 1, age: 0 }

  it('is a conflict when the remote knows the key before we ever sent it', () => {
    const refused: Outcome = { kind: 'refused', code: '-31000', message: 'known', duplicate: true }
    expect(afterWrite(fresh, refused, op({ class: 'resend-safe' }), 0)).toMatchObject({
      state: 'parked',
      code: 'PUSH_CONFLICT',
    })
    expect(afterWrite({ ...fresh, uncertain: true }, refused, op({ class: 'resend-safe' }), 0).state).toBe(
      'confirmed',
    )
    expect(afterWrite(fresh, refused, op({ class: 'find' }), 0).state).toBe('unknown')
  })

  it('leaves doubt in doubt when the same bytes are refused for another reason', () => {
    const refused: Outcome = { kind: 'refused', code: '-31200', message: 'field' }
    expect(afterWrite(fresh, refused, op({ class: 'resend-safe' }), 0).state).toBe('rejected')
    expect(afterWrite({ ...fresh, uncertain: true }, refused, op({ class: 'resend-safe' }), 0).state).toBe(
      'unknown',
    )
  })

  it('hands doubt and refusal together to a person soon, and never decides', () => {
    const refused: Outcome = { kind: 'refused', code: '-31206', message: 'material=NEW' }
    const doubtful = { ...fresh, uncertain: true, age: REFUSED_PATIENCE + 1 }
    expect(afterWrite(doubtful, refused, op({ class: 'resend-safe' }), 0)).toMatchObject({
      state: 'parked',
      uncertain: true,
      code: 'PUSH_REFUSED_IN_DOUBT',
      message: '-31206: material=NEW',
    })
    // who is told that it is there believes it, however late
    expect(
      afterWrite(doubtful, { ...refused, duplicate: true }, op({ class: 'resend-safe' }), 0),
    ).toMatchObject({ state: 'confirmed' })
  })

  it('keeps doubt through a not-done of a resend, and plans again otherwise', () => {
    const notDone: Outcome = { kind: 'not-done', code: '429', message: '', retryAfter: 700 }
    expect(afterWrite(fresh, notDone, op({}), 0)).toMatchObject({ state: 'planned', dueIn: 700 })
    expect(afterWrite({ ...fresh, uncertain: true }, notDone, op({ class: 'resend-safe' }), 0).state).toBe(
      'unknown',
    )
  })

  it('asks a person at once where the remote offers no way to find out', () => {
    const unknown: Outcome = { kind: 'unknown', code: 'TIMEOUT', message: '' }
    expect(afterWrite(fresh, unknown, op({ class: 'none' }), 0).state).toBe('parked')
  })

  it('pauses the connection on wrong credentials and keeps the push', () => {
    const wrong: Outcome = { kind: 'not-done', code: '-31102', message: '', pause: true }
    expect(afterWrite(fresh, wrong, op({}), 0)).toMatchObject({ state: 'planned', pause: true })
  })

  it('waits for its acknowledgement when the remote only said "received"', () => {
    const accepted: Outcome = { kind: 'done', remote: { id: null, state: 'final' }, accepted: true }
    expect(afterWrite(fresh, accepted, op({ acknowledgeWithin: 5 }), 0)).toMatchObject({
      state: 'accepted',
      dueIn: 5,
    })
  })

  it('backs off from one second to five minutes', () => {
    expect([1, 2, 3, 20].map(backoff)).toEqual([1000, 2000, 4000, 300_000])
  })
})

describe('what a find answers', () => {
  const hit = (o: Partial<Remote>): Remote => ({ id: 'x', state: 'final', ...o })
  it('parks a document under our key with another total', () => {
    const check = { number: null, total: '10.00', lines: 2 }
    expect(afterFind({ hits: [hit({ total: '10.01' })] }, op({}), check)).toMatchObject({
      do: 'park',
      code: 'PUSH_FOUND_DIFFERENT',
    })
    expect(afterFind({ hits: [hit({ total: '10', lines: 2 })] }, op({}), check).do).toBe('advance')
    expect(afterFind({ hits: [hit({ lines: 3 })] }, op({}), check).do).toBe('park')
  })
  it('parks two finished documents as doubled, and tidies surplus drafts', () => {
    expect(afterFind({ hits: [hit({ id: 'a' }), hit({ id: 'b' })] }, op({}), null)).toMatchObject({
      do: 'park',
      code: 'PUSH_DOUBLED',
    })
    const draft = hit({ id: 'b', state: 'draft' })
    expect(afterFind({ hits: [draft, hit({ id: 'a' })] }, op({}), null)).toMatchObject({
      do: 'discard',
      keep: { id: 'a' },
    })
  })
})
