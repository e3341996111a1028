/** A mapping on one input, as the pipe would run it: mapped, and where it makes a document, that is checked. */
import { TributaryError } from '../core/errors/error.ts'
import type { MapContext } from '../core/ports.ts'
import { DOCUMENT_KINDS, type DocumentKind } from '../core/states.ts'
import { checkDocument } from './check-document.ts'
import { runnable } from './load.ts'
import type { ReadMapping } from './read.ts'
import { validateDocument } from './validate.ts'

/**
 * Called by `mapping explain`. `result` is plain JSON, undefined where the mapping failed; `problem` is what the
 * record would be parked with, null when it would not. Throws nothing but internal errors.
 */
export async function tryOut(
  read: ReadMapping,
  input: unknown,
  context: MapContext,
): Promise<{ result: unknown; problem: TributaryError | null }> {
  let result: unknown
  try {
    const mapping = await runnable(read)
    result = JSON.parse(JSON.stringify((await mapping.map(input, context)) ?? null))
    const kind = DOCUMENT_KINDS.find((k) => k === read.to)
    if (kind) judge(kind, result, context)
    return { result, problem: null }
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error
    return { result, problem: error }
  }
}

function judge(kind: DocumentKind, value: unknown, { connection, entity }: MapContext): void {
  checkDocument(kind, validateDocument(kind, { ...(value as object), connection, entity }))
}
