/**
 * YAML that people write (tributary.yaml, connector.yaml, mappings), read with positions, so that every
 * complaint names file, line, column, field and the nearest spelling.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type { Static, TSchema } from 'typebox'
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from 'yaml'
import { type Phrase, shapePhrase } from './errors/error.ts'
import { yamlError } from './errors/yaml.ts'
import { didYouMean, expectation, oneOf, syntaxWords } from './yaml-words.ts'

/** 1-based, as editors count. */
export interface Position {
  line: number
  column: number
}

export type YamlPath = (string | number)[]

export interface ParsedYaml {
  file: string
  /** Plain data. */
  value: unknown
  /**
   * Where a field stands: the position of its value, or with `key` of its name. A field that is not there
   * gives the position of its nearest existing ancestor.
   */
  locate(path: YamlPath, what?: 'key' | 'value'): Position
}

/** One complaint. `field` is a dotted path. */
export interface YamlProblem extends Position {
  code: 'YAML_SYNTAX' | 'YAML_DUPLICATE_KEY' | 'YAML_UNKNOWN_KEY' | 'YAML_MISSING_KEY' | 'YAML_VALUE'
  file: string
  field: string
  /** Nearest known spelling of a key or of one of the allowed values. */
  nearest: string | null
  /** What may stand there, for people; never a value from the file that could be secret. */
  expected: Phrase | string
  found: Phrase | string
}

/** Makes the error to throw from one or more problems (never empty, in the order of the file). */
export type YamlFail = (problems: YamlProblem[]) => Error

/**
 * Reads YAML 1.2. Throws TributaryError YAML_SYNTAX or YAML_DUPLICATE_KEY (or what `fail` makes); unknown
 * tags and several documents in one file are refused too.
 */
export function parseYaml(text: string, file: string, fail: YamlFail = yamlFailure): ParsedYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const broken = [...document.errors, ...document.warnings]
  if (broken.length > 0) {
    throw fail(
      broken.map((e) => ({
        code: e.code === 'DUPLICATE_KEY' ? 'YAML_DUPLICATE_KEY' : 'YAML_SYNTAX',
        file,
        ...at(e.pos[0]),
        field: /^\w[\w.-]*/.exec(text.slice(e.pos[0]))?.[0] ?? '',
        nearest: null,
        expected: syntaxWords(e.code, e.message),
        found: '',
      })),
    )
  }
  const root = document.contents as Node | null
  return {
    file,
    value: plain(document, file, fail),
    locate: (path, what = 'value') => at(offsetOf(root, path, what, document)),
  }
}

/** Plain data. `yaml` refuses aliases that multiply without bound while it builds it. */
function plain(document: ReturnType<typeof parseDocument>, file: string, fail: YamlFail): unknown {
  // An app key or an id beyond 2^53 that was written without quotes keeps its digits, as text.
  visit(document, {
    Scalar(_, node) {
      const { source } = node
      if (
        typeof node.value === 'number' &&
        source &&
        /^-?\d+$/.test(source) &&
        !Number.isSafeInteger(node.value)
      )
        node.value = source
    },
  })
  try {
    return document.toJS()
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    const where = { file, line: 1, column: 1, field: '', nearest: null }
    throw fail([
      { code: 'YAML_SYNTAX', ...where, expected: syntaxWords('BAD_ALIAS', error.message), found: '' },
    ])
  }
}

function offsetOf(
  root: Node | null,
  path: YamlPath,
  what: 'key' | 'value',
  document: ReturnType<typeof parseDocument>,
): number {
  let node = root
  let offset = node?.range?.[0] ?? 0
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null
    let next: Node | null = null
    if (isMap(node)) {
      const pair = (node.items as Pair<Node, Node | null>[]).find(
        (p) => String(isScalar(p.key) ? p.key.value : p.key) === String(step),
      )
      if (!pair) return offset
      const key = pair.key.range?.[0] ?? offset
      if (what === 'key' && depth === path.length - 1) return key
      next = pair.value
      offset = next?.range?.[0] ?? key
    } else if (isSeq(node)) {
      next = (node.items[Number(step)] as Node | undefined) ?? null
      if (!next) return offset
      offset = next.range?.[0] ?? offset
    }
    if (!next) return offset
    node = next
  }
  return offset
}

const ajv = new Ajv({ allErrors: true, strict: false, verbose: true })
formats.default(ajv)
const compiled = new WeakMap<object, ValidateFunction>()

/**
 * Checks a file against its TypeBox schema and returns the value with its type. Throws the first problem as
 * TributaryError YAML_UNKNOWN_KEY, YAML_MISSING_KEY or YAML_VALUE (the others are listed in the message), or
 * what `fail` makes of them.
 */
export function validateYaml<T extends TSchema>(
  schema: T,
  parsed: ParsedYaml,
  fail: YamlFail = yamlFailure,
): Static<T> {
  const problems = yamlProblems(schema, parsed)
  if (problems.length > 0) throw fail(problems)
  return parsed.value as Static<T>
}

/** Everything a file has wrong by its schema, in the order of the file; empty when it is right. */
export function yamlProblems(schema: TSchema, parsed: ParsedYaml): YamlProblem[] {
  let validate = compiled.get(schema)
  if (!validate) {
    validate = ajv.compile(schema)
    compiled.set(schema, validate)
  }
  if (validate(parsed.value)) return []
  const found = relevant(validate.errors ?? []).map((e) => problemOf(e, parsed))
  const seen = new Set<string>()
  return found
    .filter((p) => {
      const id = `${p.code} ${p.field}`
      return !seen.has(id) && seen.add(id)
    })
    .sort((a, b) => a.line - b.line || a.column - b.column)
}

/**
 * ajv reports every branch of a union. Where a branch failed further inside, only the innermost complaints
 * help; where all failed at the same place, the union itself is the complaint ("must be one of").
 */
function relevant(errors: ErrorObject[]): ErrorObject[] {
  let left = errors.filter((e) => e.keyword !== 'if')
  for (const union of errors.filter((e) => e.keyword === 'anyOf')) {
    const inside = left.filter((e) => e !== union && e.schemaPath.startsWith(`${union.schemaPath}/`))
    if (inside.length === 0) continue
    const depth = (e: ErrorObject) => e.instancePath.split('/').length + (e.keyword === 'type' ? 0 : 0.5)
    const deepest = Math.max(...inside.map(depth))
    const keyed = inside.filter(
      (e) =>
        e.instancePath.length > union.instancePath.length ||
        ['additionalProperties', 'required'].includes(e.keyword),
    )
    const keep = keyed.filter((e) => depth(e) === deepest || e.keyword === 'additionalProperties')
    left = left.filter(
      (e) => (keep.length > 0 ? e !== union : true) && (!inside.includes(e) || keep.includes(e)),
    )
  }
  return left
}

const VALID_NAME: Phrase = { en: 'a valid name', zh: '有效的名称（小写字母、数字、- 和 _）' }
const WHOLE_FILE: Phrase = { en: 'the file', zh: '整个文件' }

function problemOf(e: ErrorObject, parsed: ParsedYaml): YamlProblem {
  const path = pointer(e.instancePath)
  const base = { file: parsed.file, nearest: null, expected: '', found: '' }
  switch (e.keyword) {
    case 'additionalProperties': {
      const key = String(e.params.additionalProperty)
      const allowed = Object.keys((e.parentSchema as { properties?: object }).properties ?? {})
      const where = { ...parsed.locate([...path, key], 'key'), field: dotted([...path, key]) }
      const known = { nearest: nearest(key, allowed), expected: allowed.join(', ') }
      return { ...base, code: 'YAML_UNKNOWN_KEY', ...where, ...known }
    }
    case 'required': {
      const field = dotted([...path, String(e.params.missingProperty)])
      return { ...base, code: 'YAML_MISSING_KEY', ...parsed.locate(path), field }
    }
    case 'propertyNames': {
      const name = String(e.params.propertyName)
      const where = { ...parsed.locate([...path, name], 'key'), field: dotted([...path, name]) }
      return { ...base, code: 'YAML_VALUE', ...where, expected: VALID_NAME, found: `"${name}"` }
    }
    default:
      return valueProblem(e, path, parsed)
  }
}

function valueProblem(e: ErrorObject, path: YamlPath, parsed: ParsedYaml): YamlProblem {
  const allowed = allowedValues(e)
  return {
    code: 'YAML_VALUE',
    file: parsed.file,
    ...parsed.locate(path),
    field: dotted(path) || WHOLE_FILE.en,
    nearest: allowed && typeof e.data === 'string' ? nearest(e.data, allowed) : null,
    expected: allowed ? oneOf(allowed) : expectation(e),
    found: shapePhrase(e.data),
  }
}

function allowedValues(e: ErrorObject): string[] | null {
  if (e.keyword === 'enum') return (e.params.allowedValues as unknown[]).map(String)
  if (e.keyword === 'const') return [String(e.params.allowedValue)]
  const branches = e.keyword === 'anyOf' ? (e.schema as { const?: unknown }[]) : []
  const values = branches.filter((b) => 'const' in b).map((b) => String(b.const))
  return values.length > 0 && values.length === branches.length ? values : null
}

const pointer = (p: string): YamlPath =>
  p === ''
    ? []
    : p
        .slice(1)
        .split('/')
        .map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~'))

const dotted = (path: YamlPath): string => path.join('.')

/** The default error of a list of problems: the first one's code, the others shortly named. */
export function yamlFailure(problems: YamlProblem[]): Error {
  const first = problems[0]!
  const others = problems.slice(1, 6)
  const list = (line: (n: number) => string) => others.map((p) => `${p.field} ${line(p.line)}`).join(', ')
  const more: Phrase = {
    en: `; also wrong: ${list((n) => `(line ${n})`)}`,
    zh: `；另有错误：${list((n) => `（第 ${n} 行）`)}`,
  }
  return yamlError(first.code, {
    file: first.file,
    line: first.line,
    column: first.column,
    field: first.field === WHOLE_FILE.en ? WHOLE_FILE : first.field,
    reason: first.expected,
    allowed: first.expected,
    expected: first.expected,
    found: first.found,
    near: didYouMean(first.nearest),
    more: others.length > 0 ? more : '',
  })
}

/**
 * The candidate that was probably meant, or null: the same letters in other case or punctuation, or at most
 * one slip (change, swap, missing or extra letter) per three letters.
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const plain = (s: string) => s.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  let best: string | null = null
  let least = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const d = plain(candidate) === plain(word) ? 0 : slips(word.toLowerCase(), candidate.toLowerCase())
    if (d < least) {
      least = d
      best = candidate
    }
  }
  return best
}

/** Optimal string alignment distance. */
function slips(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let d = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        d = Math.min(d, before[j - 2]! + 1)
      next[j] = d
    }
    before = row
    row = next
  }
  return row[b.length]!
}
