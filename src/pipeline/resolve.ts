/** resolve: a push in doubt, in a remote that can be asked: find by key, then bind, finish, tidy or write again. */
import { crashPoint } from '../core/crash-point.ts'
import type { Outcome, Remote } from '../core/outcome.ts'
import type { Connection, WriteItem, WriteOperation } from '../core/ports.ts'
import { sabotaged } from '../core/sabotage.ts'
import type { DuePush } from '../ledger/push.ts'
import type { Pipe } from './pipe.ts'
import { record } from './record.ts'
import { afterFind, backoff, type Next } from './stages/settle.ts'

/** `push` is leased; `limit` milliseconds for everything, all remote calls included. */
export async function findPush(
  pipe: Pipe,
  connection: Connection,
  op: WriteOperation,
  push: DuePush,
  item: WriteItem,
  limit: number,
): Promise<void> {
  const signal = AbortSignal.timeout(limit)
  const next = await resolve(op, push, item, signal).catch((error: unknown): Next => {
    pipe.log('error', 'connector failed', { connection: connection.id, push: push.id, error })
    return later(push, backoff(push.attempt + 1), 'PUSH_BUG', 'the connector failed while asking')
  })
  await record(pipe, push, next)
}

async function resolve(op: WriteOperation, push: DuePush, item: WriteItem, signal: AbortSignal): Promise<Next> {
  const answer = sabotaged('find-off') ? { hits: [] } : await op.find!(item, signal)
  crashPoint('find.answered')
  const found = afterFind(answer, op, item.check)
  switch (found.do) {
    case 'write': {
      // planned again at once; `uncertain` tells the next write that it is a second one
      const second = push.uncertain || push.attempt > 0
      return { ...later(push, 0, 'PUSH_ABSENT', null), state: 'planned', uncertain: second, event: 'absent' }
    }
    case 'advance':
      return finish(op, push, item, found.remote, signal)
    case 'discard':
      for (const surplus of found.surplus) await op.discard!(item, surplus, signal)
      // a deletion may be late too: only another find proves that one is left
      return { ...later(push, op.settle, 'PUSH_SURPLUS', `${found.surplus.length} surplus drafts deleted`), event: 'tidied' }
    case 'park':
      return { ...later(push, 0, found.code, found.message), state: 'parked', event: 'parked' }
    case 'again':
      return later(push, failedWait(answer as { failed: Exclude<Outcome, { kind: 'done' }> }, push), 'PUSH_FIND_FAILED', 'the remote could not be asked')
  }
}

function failedWait(answer: { failed: Exclude<Outcome, { kind: 'done' }> }, push: DuePush): number {
  const { failed } = answer
  return (failed.kind === 'not-done' ? failed.retryAfter : undefined) ?? backoff(Math.max(1, push.attempt))
}

async function finish(op: WriteOperation, push: DuePush, item: WriteItem, remote: Remote, signal: AbortSignal): Promise<Next> {
  const outcome: Outcome =
    remote.state === 'final' || !op.advance ? { kind: 'done', remote } : await op.advance(item, remote, signal)
  if (outcome.kind !== 'done') return later(push, op.settle, outcome.code, outcome.message)
  return {
    state: 'confirmed', uncertain: false, rewritten: push.rewritten, dueIn: 0, remote: outcome.remote,
    code: null, message: null, event: 'found',
  }
}

/** Still in doubt; asked again in `dueIn` milliseconds. */
function later(push: DuePush, dueIn: number, code: string, message: string | null): Next {
  return { state: 'unknown', uncertain: true, rewritten: push.rewritten, dueIn, remote: null, code, message, event: 'in-doubt' }
}
