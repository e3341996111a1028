/**
 * revise: given the pushes a subject already has and what should now be in the remote, what is to be done.
 * One rule for orders on their way in and shipments on their way back (docs/reference/push-protocol.md):
 * before sending, plan again; after it, wait for the final state; then amend by policy.
 */
import type { PushHead } from '../../ledger/push.ts'

/** What should stand in the remote: the content's hash, or null for nothing. */
export type Wanted = { hash: string } | null

export type Revision =
  /** The remote holds (or will hold) just this: nothing to do. */
  | { do: 'nothing' }
  /** A push is to be made; `withdraw` first takes back one that was not sent. */
  | { do: 'push'; revision: number; withdraw: PushHead | null; replaces: PushHead | null }
  /** Nothing is wanted and nothing was sent: take the planned push back. */
  | { do: 'withdraw'; push: PushHead }
  /** Its push is under way; decide when that is final. */
  | { do: 'wait'; push: PushHead }
  /** The remote holds something else, and only a person (or a policy) may change it. */
  | { do: 'task'; kind: 'amend-needed' | 'cancel-needed'; push: PushHead }

/**
 * `pushes`: all of one subject, any order. `replaceable`: the remote lets a written document be replaced by
 * a newer revision (a corrected tracking number), so no person is asked.
 */
export function revise(pushes: PushHead[], wanted: Wanted, replaceable: boolean): Revision {
  const newest = [...pushes].sort((a, b) => a.revision - b.revision)
  const last = newest.at(-1)
  const next = (last?.revision ?? 0) + 1
  const living = newest.filter((p) => p.state !== 'withdrawn').at(-1)
  if (!living) return wanted ? push(next, null, null) : { do: 'nothing' }
  const same = wanted !== null && living.content_hash === wanted.hash
  switch (living.state) {
    case 'sending':
    case 'unknown':
    case 'accepted':
      return same ? { do: 'nothing' } : { do: 'wait', push: living }
    case 'planned':
      return unsent(living, wanted, same, next)
    case 'parked':
      // it may have been written: a person decides about it first
      return living.uncertain ? changed(living, wanted, same) : unsent(living, wanted, same, next)
    case 'rejected':
      return wanted && !same ? push(next, null, null) : { do: 'nothing' }
    case 'shadowed':
      return wanted && !same ? push(next, null, null) : { do: 'nothing' }
    default:
      if (same || !replaceable || !wanted) return changed(living, wanted, same)
      return push(next, null, living)
  }
}

function push(revision: number, withdraw: PushHead | null, replaces: PushHead | null): Revision {
  return { do: 'push', revision, withdraw, replaces }
}

function unsent(living: PushHead, wanted: Wanted, same: boolean, next: number): Revision {
  if (same) return { do: 'nothing' }
  return wanted ? push(next, living, null) : { do: 'withdraw', push: living }
}

function changed(living: PushHead, wanted: Wanted, same: boolean): Revision {
  if (same) return { do: 'nothing' }
  return { do: 'task', kind: wanted ? 'amend-needed' : 'cancel-needed', push: living }
}
