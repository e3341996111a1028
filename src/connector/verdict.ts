/**
 * What an answer to a declared call means: its status, and inside a 200 what `http.answer` says of success and
 * failure. Most marketplaces and ERPs answer 200 to everything.
 */
import { compileExpression } from '../expression/compile.ts'
import { type Reactions, reactionTo } from './answer.ts'
import { firstText } from './dotted.ts'
import type { AnswerManifest, Reaction } from './manifest-http.ts'

export type Verdict =
  | { ok: true }
  | {
      ok: false
      reaction: Reaction
      /** The remote's own code, or `HTTP_<status>`. */
      code: string
      message: string
    }

/** Reads verdicts by one declaration; a later one wins where both know a code. */
export type Judge = (status: number, value: unknown) => Verdict

/** Makes a judge of `http.answer` and, before it, what one operation says differently. */
export function createJudge(reactions: Reactions, ...declared: (AnswerManifest | undefined)[]): Judge {
  const rules = declared.filter((d) => d !== undefined)
  const paths = rules.flatMap((r) => [r.code ?? []].flat())
  const messages = rules.flatMap((r) => [r.message ?? []].flat())
  const codes = rules.map((r) => r.codes ?? {})
  const otherwise = rules.find((r) => r.otherwise)?.otherwise ?? 'unknown'
  const condition = rules.find((r) => r.ok)?.ok
  const anyOther = codes.find((table) => Object.hasOwn(table, '*'))?.['*']
  const holds = condition ? compileExpression(condition) : null
  return (status, value) => {
    const good = status >= 200 && status < 300
    const all = paths.map((path) => firstText(value, [path])).filter((text) => text !== null)
    const code = all[0] ?? null
    // a sub-code that nobody listed leaves the word to the code above it
    const listed =
      all.map((one) => reactionOf(one, codes)).find((found) => found !== undefined) ??
      (code === null ? undefined : anyOther)
    if (good && (holds ? holds(value) === true : code === null)) return { ok: true }
    if (!good && listed === undefined)
      return {
        ok: false,
        reaction: reactionTo(status, reactions),
        code: `HTTP_${status}`,
        message: `HTTP ${status}`,
      }
    const message = firstText(value, messages) ?? ''
    return {
      ok: false,
      reaction: listed ?? otherwise,
      code: code ?? 'NOT_OK',
      message: [code, message].filter(Boolean).join(': ').slice(0, 300) || 'the answer tells of no success',
    }
  }
}

/** The very code before any with a `*` at its end, of those the longest. `*` alone is for codes that nothing fits. */
function reactionOf(code: string, tables: Record<string, Reaction>[]): Reaction | undefined {
  for (const table of tables) {
    if (Object.hasOwn(table, code)) return table[code]
    const fitting = Object.keys(table)
      .filter((pattern) => /.\*$/.test(pattern) && code.startsWith(pattern.slice(0, -1)))
      .sort((a, b) => b.length - a.length)[0]
    if (fitting !== undefined) return table[fitting]
  }
  return undefined
}
