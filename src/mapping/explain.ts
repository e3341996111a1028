/** Words for what `probe` saw: which path of the record gave nothing, or what stood there; never a value. */
import { type Phrase, shapePhrase } from '../core/errors/error.ts'
import { isNothing } from './arguments.ts'
import type { ReadPath } from './paths.ts'
import type { Sight } from './probe.ts'

/** Most paths that one message names. */
const MOST = 3

/** What a path gave. */
interface Finding {
  /** As it is found in the record: `lineItems.nodes[2].price.amount`. */
  path: string
  /** The first part of it that gave nothing, and what stood there; null when all of it is there. */
  gone: { part: string; found: unknown; whole: boolean } | null
  /** What stood there. */
  found: unknown
}

/** What a message says of the record, and the first path that gave nothing. */
export interface Explained {
  read: Phrase | ''
  path: string | null
}

export const UNEXPLAINED: Explained = { read: '', path: null }

/** Paths that gave nothing if there are any, else those that gave what was refused, else all. */
export function explain(sight: Sight, isRefused: (found: unknown) => boolean): Explained {
  const target = sight.probe.watched.length - 1
  const all = findings(sight, target, new Set())
  // A field that holds something wrong was made of what is there.
  const gone = isNothing(sight.result) ? all.filter((f) => f.gone) : []
  const suspects = all.filter((f) => isRefused(f.found))
  const meant = gone.length > 0 ? gone : suspects.length > 0 ? suspects : all
  const told = meant.slice(0, MOST)
  if (told.length === 0) return UNEXPLAINED
  const say = told.map(sayFinding)
  const more = meant.length - told.length
  return {
    read: {
      en: `; ${say.map((p) => p.en).join(', ')}${more > 0 ? `, and ${more} more` : ''}`,
      zh: `；${say.map((p) => p.zh).join('，')}${more > 0 ? `，等共 ${told.length + more} 处` : ''}`,
    },
    path: gone[0]?.path ?? null,
  }
}

/** Of one watched expression; a variable is followed to what it was made of. */
function findings(sight: Sight, n: number, followed: Set<number>): Finding[] {
  const { watched } = sight.probe
  const values = sight.values[n]
  const one = watched[n]
  if (!one || !values || followed.has(n)) return []
  followed.add(n)
  const prefix = placeOf(sight, one.around)
  const found: Finding[] = []
  for (const whole of new Set(one.paths.map((p) => p.whole))) {
    const parts = one.paths.flatMap((p, i) => (p.whole === whole ? [{ ...p, value: values[i] }] : []))
    const finding = findingOf(parts, prefix)
    const origin = originOf(sight, n, whole, followed).filter(
      (f) => (f.gone === null) === (finding.gone === null),
    )
    found.push(...(origin.length > 0 ? origin : [finding]))
  }
  return found
}

/** What a variable was made of, where `whole` is one of the mapping's. */
function originOf(sight: Sight, n: number, whole: string, followed: Set<number>): Finding[] {
  const name = /^\$(\w+)$/.exec(whole)?.[1]
  if (name === undefined) return []
  const made = sight.probe.watched.findLastIndex((w, i) => i < n && w.variable === name)
  return made < 0 ? [] : findings(sight, made, followed)
}

function findingOf(parts: (ReadPath & { value: unknown })[], prefix: string): Finding {
  const gone = parts.find((p) => isNothing(p.value))
  const { whole } = parts[0]!
  return {
    path: whole.startsWith('$') ? whole : prefix + whole,
    gone: gone ? { part: gone.text, found: gone.value, whole: gone.text === whole } : null,
    found: parts.at(-1)!.value,
  }
}

/** `line_items[2].` inside the third turn of `$each: line_items`. */
function placeOf({ at, probe }: Sight, around: number): string {
  let place = ''
  for (let level = 0; level < around; level++) {
    const each = probe.each[level]!
    place = `${each.startsWith('$') ? '' : place}${each}[${at[level] ?? 0}].`
  }
  return place
}

function sayFinding({ path, gone, found }: Finding): Phrase {
  if (!gone) {
    const shape = shapePhrase(found)
    return { en: `${path} is ${shape.en}`, zh: `${path} 为 ${shape.zh}` }
  }
  const [en, zh] =
    gone.found === undefined
      ? ['missing', '缺失']
      : gone.found === null
        ? ['null', '为 null']
        : ['empty text', '为空文本']
  if (gone.whole) return { en: `${path} is ${en}`, zh: `${path} ${zh}` }
  return {
    en: `nothing at ${path} (${gone.part} is ${en})`,
    zh: `${path} 处没有内容（${gone.part} ${zh}）`,
  }
}
