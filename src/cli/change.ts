/** Commands that change many things at once: which ones, and what came of it. */
import { runtimeError } from '../core/errors/runtime.ts'
import type { Changed, Selection } from '../runtime/operations.ts'
import { type Cli, EXIT } from './context.ts'

/** Ids on the command line, or what a filter matches; never both, never everything by accident. */
export function readSelection<F extends object>(ids: string[], filter: F): Selection<F> {
  const filtered = Object.keys(filter).length > 0
  if (ids.length > 0 && !filtered) return { ids }
  if (ids.length === 0 && filtered) return { filter }
  throw runtimeError('RUNTIME_REQUEST', {
    field: 'ids',
    reason: 'name either ids or a filter such as --connection',
  })
}

/** Says what changed and what did not; exit code 1 when nothing was changed though something was asked for. */
export function printChanged(cli: Cli, { changed, skipped }: Changed): void {
  cli.show({ changed, skipped }, () => {
    const lines = [cli.say('changed', { count: changed.length })]
    for (const s of skipped) lines.push(cli.say('skipped', { id: s.id, why: s.why[cli.language] }))
    return lines.join('\n')
  })
  if (changed.length === 0 && skipped.length > 0) cli.exit(EXIT.failed)
}
