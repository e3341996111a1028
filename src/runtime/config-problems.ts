/** Gathers everything that is wrong with a configuration, so that all of it is said at once. */
import { configError } from '../core/errors/config.ts'
import { type ErrorDetail, type Phrase, TributaryError } from '../core/errors/error.ts'
import { nearest, type ParsedYaml, type YamlPath, type YamlProblem, yamlFailure } from '../core/yaml.ts'
import { didYouMean } from '../core/yaml-words.ts'

type Code = Parameters<typeof configError>[0]

/** Collects complaints about one file; `finish` throws them. */
export interface Problems {
  /** `what`: point at the field's name or at its value. */
  add(code: Code, path: YamlPath, detail?: ErrorDetail, what?: 'key' | 'value'): void
  /** The same for a name that must be one of `allowed`: adds the nearest spelling. */
  addName(code: Code, path: YamlPath, name: string, allowed: string[], detail?: ErrorDetail): void
  addYaml(problems: YamlProblem[]): void
  /** Throws TributaryError: the only problem, or CONFIG_INVALID with all of them. */
  finish(): void
}

export function collectProblems(parsed: ParsedYaml): Problems {
  const found: TributaryError[] = []
  const add: Problems['add'] = (code, path, detail = {}, what = 'value') => {
    const where = { file: parsed.file, ...parsed.locate(path, what), field: path.join('.') }
    found.push(configError(code, { near: '', ...where, ...detail }))
  }
  return {
    add,
    addName: (code, path, name, allowed, detail = {}) => {
      const near = suggestion(name, allowed)
      add(code, path, { name, near, allowed: [...allowed].sort().join(', ') || '—', ...detail })
    },
    addYaml: (problems) => {
      for (const p of problems) found.push(yamlProblem(p, parsed))
    },
    finish: () => {
      if (found.length > 0) throw joined(parsed.file, found)
    },
  }
}

/** ` (did you mean "…"?)`, or nothing. */
export function suggestion(name: string, allowed: readonly string[]): Phrase | '' {
  return didYouMean(nearest(name, allowed))
}

/** A flow without `from:` or `mode:` is the mistake of every first file: it gets a text of its own. */
function yamlProblem(p: YamlProblem, parsed: ParsedYaml): TributaryError {
  const flow = /^flows\.([^.]+)\.(from|mode)$/.exec(p.field)
  if (p.code === 'YAML_MISSING_KEY' && flow) {
    const where = { file: parsed.file, ...parsed.locate(['flows', flow[1]!], 'key') }
    const example = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`
    const code = flow[2] === 'from' ? 'CONFIG_FLOW_FROM_MISSING' : 'CONFIG_FLOW_MODE_MISSING'
    return configError(code, { ...where, name: flow[1]!, example })
  }
  return yamlFailure([p]) as TributaryError
}

/** One error stays as it is; several become one CONFIG_INVALID that lists them in the order of the file. */
export function joined(file: string, problems: TributaryError[]): TributaryError {
  if (problems.length === 1) return problems[0]!
  const at = (e: TributaryError) => Number(e.detail.line ?? 0) * 10_000 + Number(e.detail.column ?? 0)
  const sorted = [...problems].sort((a, b) => at(a) - at(b))
  const said = (language: keyof Phrase) => sorted.map((e) => `  ${e.say(language)}`).join('\n')
  const list: Phrase = { en: said('en'), zh: said('zh') }
  return configError(
    'CONFIG_INVALID',
    { file, count: sorted.length, list },
    new AggregateError(sorted, 'every mistake'),
  )
}

/** All problems that an error about a file stands for, one TributaryError each, in the order of the file. */
export function configProblems(error: unknown): TributaryError[] {
  if (!(error instanceof TributaryError)) return []
  const all = error.cause instanceof AggregateError ? (error.cause.errors as unknown[]) : []
  const known = all.filter((one) => one instanceof TributaryError)
  return known.length > 0 && known.length === all.length ? known : [error]
}
