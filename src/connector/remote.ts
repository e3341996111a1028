/** A remote's own document as the push protocol compares it. */
import type { Remote } from '../core/outcome.ts'
import { pick, textAt } from './dotted.ts'
import type { WriteManifest } from './manifest-write.ts'

/**
 * `sent`: what a template as `remote.id` names. Null when it has no id. A document whose state is not among the final ones, or that is created as a draft,
 * is one.
 */
export function remoteOf(
  declared: WriteManifest,
  document: unknown,
  sent: Record<string, unknown> = {},
): Remote | null {
  const at = declared.remote ?? { id: 'id' }
  const id = at.id.startsWith('{') ? textAt(sent, at.id.slice(1, -1)) : textAt(document, at.id)
  if (id === null) return null
  return {
    id,
    number: textAt(document, at.number),
    state: stateOf(declared, textAt(document, at.state)),
    total: textAt(document, at.total),
    lines: at.lines ? countOf(pick(document, at.lines)) : null,
  }
}

function stateOf({ remote, drafts, steps }: WriteManifest, state: string | null): Remote['state'] {
  if (remote?.final && state !== null) return remote.final.includes(state) ? 'final' : 'draft'
  return drafts || steps ? 'draft' : 'final'
}

/** A list is counted; a number is one. */
export const countOf = (lines: unknown): number | null =>
  Array.isArray(lines) ? lines.length : typeof lines === 'number' ? lines : null
