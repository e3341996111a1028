/** Records that are read by id, as `read.<stream>.fetch` declares it. */
import type { RawRecord } from '../core/ports.ts'
import type { Answered, Caller } from './caller.ts'
import type { FetchManifest } from './manifest-read.ts'
import { recordAt, recordsOf } from './records-of.ts'
import { namesIn } from './template.ts'

/** At once, of those that are asked for one by one: enough to hide the way there and back. */
const TOGETHER = 4

export interface FetchOptions {
  fetch: FetchManifest
  /** Where a record of several holds its id. */
  id: string
  shape: string
  caller: Caller
}

/** Reads by id; ids that the source does not know are left out. Throws CONNECTOR_*. */
export function fetchRecords(
  options: FetchOptions,
): (ids: string[], signal: AbortSignal) => Promise<RawRecord[]> {
  const several = namesIn(JSON.stringify(options.fetch)).includes('ids')
  const size = several ? (options.fetch.by ?? 50) : 1
  const read = several ? readSeveral : readOne
  return async (ids, signal) => {
    const groups: string[][] = []
    for (let i = 0; i < ids.length; i += size) groups.push(ids.slice(i, i + size))
    const found: RawRecord[] = []
    for (let i = 0; i < groups.length; i += TOGETHER) {
      const some = groups.slice(i, i + TOGETHER)
      found.push(...(await Promise.all(some.map((group) => read(options, group, signal)))).flat())
    }
    return found
  }
}

async function readOne(
  { fetch, shape, caller }: FetchOptions,
  [id]: string[],
  signal: AbortSignal,
): Promise<RawRecord[]> {
  const answered = await caller.send({ call: fetch, values: { id }, signal })
  if (isAbsent(answered)) return []
  const record = recordAt(caller.must(answered), fetch.each, id!, shape)
  return record ? [record] : []
}

async function readSeveral(
  { fetch, id, shape, caller }: FetchOptions,
  ids: string[],
  signal: AbortSignal,
): Promise<RawRecord[]> {
  const answered = await caller.send({ call: fetch, values: { ids: ids.join(',') }, signal })
  if (isAbsent(answered)) return []
  return recordsOf(caller.must(answered), { each: fetch.each, id }, shape).map((item) => item.record)
}

/** Said by code, or by a status that nothing else was declared for. */
function isAbsent({ answer, verdict }: Answered): boolean {
  if (verdict.ok) return false
  const gone = answer.status === 404 || answer.status === 410
  return verdict.reaction === 'absent' || (gone && verdict.reaction === 'input')
}
