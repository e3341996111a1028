/**
 * settle: one attempt's outcome → the push's next state. The whole push protocol
 * (docs/reference/push-protocol.md) as two pure functions; the database applies what they say
 * compare-and-set.
 */
import type { ErrorDetail } from '../../core/errors/error.ts'
import type { FindAnswer, Outcome, Remote } from '../../core/outcome.ts'
import type { WriteOperation } from '../../core/ports.ts'
import type { DuePush, PushState } from '../../ledger/push.ts'

/** What the protocol must know of an operation. */
export type Protocol = Pick<WriteOperation, 'class' | 'settle' | 'drafts' | 'acknowledgeWithin'>

export interface Next {
  state: PushState
  uncertain: boolean
  rewritten: boolean
  /** Milliseconds from now. */
  dueIn: number
  remote: Remote | null
  code: string | null
  message: string | null
  event: string
  /** What the error's text is filled with, for a push that is parked. */
  detail?: ErrorDetail
  /** Settings or credentials are wrong: the connection is paused. */
  pause?: boolean
}

/** Doubts and refusals-for-now are tried for a day, then a person looks. */
export const PATIENCE = 24 * 3600
/** Refused for its content although an earlier attempt may have gone through: no waiting mends that. Seconds. */
export const REFUSED_PATIENCE = 30
const BACKOFF_FIRST = 1_000
const BACKOFF_MOST = 300_000

/** Exponential from 1 s to 5 min, by the number of attempts so far. Milliseconds. */
export function backoff(attempt: number): number {
  return Math.min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** Math.max(0, attempt - 1))
}

/**
 * After a write (or its last step). `attempt` counts this one; `uncertain` says that an earlier one may have
 * been written; `leaseLeft` is what remains of the lease, after which the remote may still be busy.
 */
export function afterWrite(
  push: Pick<DuePush, 'uncertain' | 'rewritten' | 'attempt' | 'age'>,
  outcome: Outcome,
  op: Protocol,
  leaseLeft: number,
): Next {
  const base = { rewritten: push.rewritten, remote: null, code: null, message: null }
  if (outcome.kind === 'done') return afterSuccess(push, outcome, op, leaseLeft)
  const said = { code: outcome.code, message: outcome.message }
  if (outcome.kind === 'refused') return afterRefusal(push, outcome, op)
  if (push.age > PATIENCE) {
    return {
      ...base,
      ...said,
      state: 'parked',
      uncertain: push.uncertain || outcome.kind === 'unknown',
      dueIn: 0,
      event: 'parked',
    }
  }
  if (outcome.kind === 'not-done') {
    const dueIn = outcome.retryAfter ?? backoff(push.attempt)
    // nothing was written now; but an earlier attempt in doubt stays in doubt
    const doubt = push.uncertain && op.class === 'resend-safe'
    return {
      ...base,
      ...said,
      state: doubt ? 'unknown' : 'planned',
      uncertain: push.uncertain,
      dueIn,
      event: 'not-done',
      ...(outcome.pause ? { pause: true } : {}),
    }
  }
  if (op.class === 'none')
    return { ...base, ...said, state: 'parked', uncertain: true, dueIn: 0, event: 'parked' }
  const dueIn = op.class === 'find' ? Math.max(0, leaseLeft) + op.settle : backoff(push.attempt)
  return { ...base, ...said, state: 'unknown', uncertain: true, dueIn, event: 'unknown' }
}

function afterSuccess(
  push: Pick<DuePush, 'uncertain' | 'rewritten'>,
  outcome: Extract<Outcome, { kind: 'done' }>,
  op: Protocol,
  leaseLeft: number,
): Next {
  const base = {
    uncertain: false,
    rewritten: push.rewritten,
    remote: outcome.remote,
    code: null,
    message: null,
  }
  if (outcome.accepted) return { ...base, state: 'accepted', dueIn: op.acknowledgeWithin, event: 'accepted' }
  // written more than once: the find runs once more before it is believed (and before a draft is confirmed)
  if (push.rewritten && op.class === 'find') {
    return {
      ...base,
      uncertain: true,
      state: 'unknown',
      dueIn: Math.max(0, leaseLeft) + op.settle,
      event: 'verifying',
    }
  }
  return { ...base, state: 'confirmed', dueIn: 0, event: 'confirmed' }
}

function afterRefusal(
  push: Pick<DuePush, 'uncertain' | 'rewritten' | 'attempt' | 'age'>,
  outcome: Extract<Outcome, { kind: 'refused' }>,
  op: Protocol,
): Next {
  const base = {
    rewritten: push.rewritten,
    remote: null,
    code: outcome.code,
    message: outcome.message,
    dueIn: 0,
  }
  if (outcome.duplicate) {
    if (push.uncertain) {
      // the remote refuses a second document under this key: the first attempt went through
      return {
        ...base,
        code: null,
        message: null,
        remote: { id: null, state: 'final' },
        state: 'confirmed',
        uncertain: false,
        event: 'confirmed',
      }
    }
    // somebody else's document under our key
    if (op.class === 'find') return { ...base, state: 'unknown', uncertain: true, event: 'conflict' }
    return { ...base, state: 'parked', uncertain: true, code: 'PUSH_CONFLICT', event: 'conflict' }
  }
  // while an earlier attempt is in doubt, a refusal of the same bytes proves nothing about that attempt
  if (push.uncertain && op.class === 'resend-safe') {
    if (push.age > REFUSED_PATIENCE) {
      const message = `${outcome.code}: ${outcome.message}`
      const code = 'PUSH_REFUSED_IN_DOUBT'
      return { ...base, code, message, state: 'parked', uncertain: true, event: 'parked' }
    }
    return { ...base, state: 'unknown', uncertain: true, dueIn: backoff(push.attempt), event: 'unknown' }
  }
  return { ...base, state: 'rejected', uncertain: false, event: 'rejected' }
}

/** What a find's answer asks for. */
export type Found =
  /** Nothing under the key, and enough time has passed: write (again). */
  | { do: 'write' }
  /** Exactly one: compare, run the steps not done, bind. */
  | { do: 'advance'; remote: Remote }
  /** Surplus drafts that are to be deleted; then the find runs again. */
  | { do: 'discard'; keep: Remote; surplus: Remote[] }
  | { do: 'park'; code: string; message: string }
  | { do: 'again' }

export function afterFind(answer: FindAnswer, op: Protocol, check: DuePush['check']): Found {
  if ('failed' in answer) return { do: 'again' }
  const { hits } = answer
  if (hits.length === 0) return { do: 'write' }
  const one = hits[0]!
  if (hits.length === 1) {
    const difference = differs(one, check)
    return difference
      ? { do: 'park', code: 'PUSH_FOUND_DIFFERENT', message: difference }
      : { do: 'advance', remote: one }
  }
  const finals = hits.filter((h) => h.state === 'final')
  if (!op.drafts || finals.length > 1) {
    return {
      do: 'park',
      code: 'PUSH_DOUBLED',
      message: `${hits.length} documents under one key: ${hits.map((h) => h.id).join(', ')}`,
    }
  }
  const keep = finals[0] ?? one
  return { do: 'discard', keep, surplus: hits.filter((h) => h !== keep) }
}

/** Number and total decide whether a document under our key is the one we wrote. */
function differs(remote: Remote, check: DuePush['check']): string | null {
  if (!check) return null
  if (check.total !== null && remote.total != null && Number(check.total) !== Number(remote.total)) {
    return `the document found under our key has total ${remote.total}, ours is ${check.total}`
  }
  if (check.lines !== null && remote.lines != null && check.lines !== remote.lines) {
    return `the document found under our key has ${remote.lines} lines, ours has ${check.lines}`
  }
  return null
}
