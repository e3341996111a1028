/** What the schema of `connector.yaml` cannot say of a text: expressions must compile, schedules must be cron lines. */
import { CRON, isCron } from '../core/cron.ts'
import type { Phrase } from '../core/errors/error.ts'
import type { YamlPath } from '../core/yaml.ts'
import { compileExpression } from '../expression/compile.ts'
import type { Manifest } from './manifest.ts'
import type { AnswerManifest } from './manifest-http.ts'

/** A text that is not what it should be. */
export interface WrongText {
  path: YamlPath
  text: string
  expected: Phrase
}

/** Variables of `write.<kind>.find.hits`. */
export const HITS_VARIABLES = ['document', 'key'] as const

interface Written {
  path: YamlPath
  text: string | undefined
  variables?: readonly string[]
}

/** Every wrong expression and cron line of a manifest, in its order. */
export function wrongTexts(manifest: Manifest): WrongText[] {
  const expressions = [...expressionsOf(manifest)].flatMap(({ path, text, variables }) => {
    const problem = text === undefined ? null : syntaxProblem(text, variables)
    return problem ? [{ path, text: text!, expected: problem }] : []
  })
  const schedules = Object.entries(manifest.read ?? {}).flatMap(([name, { every }]) =>
    every === undefined || isCron(every)
      ? []
      : [{ path: ['read', name, 'every'], text: every, expected: CRON }],
  )
  return [...expressions, ...schedules]
}

function* expressionsOf({ http, write, subscriptions }: Manifest): Generator<Written> {
  const ok = (path: YamlPath, answer: AnswerManifest | undefined): Written => ({
    path: [...path, 'ok'],
    text: answer?.ok,
  })
  yield ok(['http', 'answer'], http?.answer)
  for (const [kind, { codes, results, find, steps }] of Object.entries(write ?? {})) {
    const path = ['write', kind]
    yield ok([...path, 'codes'], codes)
    yield ok([...path, 'results', 'answer'], results?.answer)
    yield { path: [...path, 'find', 'hits'], text: find?.hits, variables: HITS_VARIABLES }
    for (const [i, step] of (steps ?? []).entries())
      yield { path: [...path, 'steps', i, 'done'], text: step.done }
  }
  yield { path: ['subscriptions', 'active'], text: subscriptions?.active }
  yield ok(['subscriptions', 'answer'], subscriptions?.answer)
}

/** Null for an expression that compiles. */
function syntaxProblem(text: string, variables: readonly string[] | undefined): Phrase | null {
  try {
    compileExpression(text, variables ? { variables } : {})
    return null
  } catch (error) {
    const { message, position } = error as { message: string; position?: number }
    const en = position === undefined ? message : `${message} at character ${position}`
    const zh = position === undefined ? message : `${message}，第 ${position} 个字符`
    return { en: `a JSONata expression (${en})`, zh: `JSONata 表达式（${zh}）` }
  }
}
