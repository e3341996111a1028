/** Whatever order copies of a record arrive in, the newest stays: its version must move when it changes. */

import type { MappingCase } from '../mapping/check.ts'
import { loadMapping } from '../mapping/load.ts'
import { sortableVersion } from '../pipeline/identity.ts'
import { type Finding, failed, guarded, not, ok } from './finding.ts'
import type { Subject } from './subject.ts'

/** Fields of a record that are tried before giving up. */
const MOST = 400
const HOUR = 3_600_000

export function checkNewest(subject: Subject, name: string): Promise<Finding[]> {
  const { shapes } = subject.connector.manifest.read![name]!
  return Promise.all(
    Object.entries(shapes).map(([shape, mapping]) => {
      const about = Object.keys(shapes).length > 1 ? `${name} (${shape})` : name
      const part = { check: 'newest', about } as const
      const sample = (subject.cases[mapping] ?? []).find((c) => !c.wanted.expectError)
      if (!sample)
        return Promise.resolve(
          not(part, `there is no case: mappings/${subject.connector.id}/${mapping}.test.yaml`),
        )
      return guarded(part, 'files', () => newest(part, sample))
    }),
  )
}

async function newest(part: { check: 'newest'; about: string }, sample: MappingCase): Promise<Finding> {
  const mapping = await loadMapping(sample.mapping)
  const versionOf = async (input: unknown): Promise<string | null> => {
    const { version } = (await mapping.map(input, sample.context)) as { version?: unknown }
    return typeof version === 'string' ? sortableVersion(version) : null
  }
  const before = await versionOf(sample.input)
  if (before === null) return not(part, 'its documents have no version: each stands for itself')
  let tried = 0
  for (const { path, changed } of later(sample.input)) {
    if (++tried > MOST) break
    const after = await versionOf(changed).catch(() => null)
    // a version that falls when the record moves on would let the older copy win
    if (after !== null && after > before) return ok(part, 'files', `the version moves with ${path}`)
  }
  return failed(
    part,
    'files',
    'a version that moves when the record changes',
    'the same, whatever field of the record moves on',
  )
}

/** The record with one leaf moved on at a time: instants by an hour, counters by one, lists by an element. */
function* later(value: unknown, path: string[] = []): Generator<{ path: string; changed: unknown }> {
  const at = path.join('.') || '(the record)'
  if (Array.isArray(value)) {
    if (value.length > 0) yield { path: at, changed: [...value, value.at(-1)] }
    for (const [i, inner] of value.entries())
      for (const found of later(inner, [...path, String(i)]))
        yield { path: found.path, changed: value.with(i, found.changed) }
    return
  }
  if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value))
      for (const found of later(inner, [...path, key]))
        yield { path: found.path, changed: { ...value, [key]: found.changed } }
    return
  }
  const moved = movedOn(value)
  if (moved !== null) yield { path: at, changed: moved }
}

function movedOn(value: unknown): unknown | null {
  if (typeof value === 'number' && Number.isSafeInteger(value))
    return value + (value > 1e12 ? HOUR : value > 1e9 ? 3600 : 1)
  if (typeof value !== 'string') return null
  if (/^\d{1,15}$/.test(value)) return String(Number(value) + 3600)
  const stamp = /^(\d{4})(-\d\d-\d\d[T ]\d\d:.*)$/.exec(value)
  return stamp ? `${Number(stamp[1]) + 1}${stamp[2]}` : null
}
