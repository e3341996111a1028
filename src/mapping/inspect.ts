/** What `tributary mapping check` says of one mapping file: whether it compiles, what the linter finds, which cases fail. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Phrase, TributaryError } from '../core/errors/error.ts'
import { mappingLintError } from '../core/errors/mapping-lint.ts'
import { parseYaml } from '../core/yaml.ts'
import { isFile, type MappingCase, readCases, runCase, tested } from './check.ts'
import { lintMapping } from './lint.ts'
import { runnable } from './load.ts'
import { readMapping } from './read.ts'

/** A complaint of any kind; `line`, `column`, `field` and `expression` where it has such a place. */
export interface Complaint {
  severity: 'error' | 'warning'
  code: string
  file: string
  line: number | null
  column: number | null
  field: string | null
  expression: string | null
  /** The name that was probably meant. */
  nearest: string | null
  message: Phrase
  fix: Phrase
}

/** One file, inspected. */
export interface Inspection {
  file: string
  /** `acme/order.in`; null when the file could not be read. */
  mapping: string | null
  from: string | null
  to: string | null
  /** `interpreted`: left to the (slower) interpreter, for this reason. Null when it could not be read. */
  runs: 'compiled' | 'interpreted' | null
  reason: string | null
  /** Cases of the test files beside it. */
  cases: number
  failed: number
  complaints: Complaint[]
}

/** Inspects one file and the `*.test.yaml` beside it. Throws nothing but internal errors. */
export async function inspectMapping(file: string): Promise<Inspection> {
  const made: Inspection = {
    ...{ file, mapping: null, from: null, to: null, runs: null, reason: null, cases: 0, failed: 0 },
    complaints: [],
  }
  const read = await attempt(made, () => readMapping(file))
  if (read) {
    made.file = read.file
    made.mapping = read.id
    made.from = read.from
    made.to = read.to
    const loaded = await attempt(made, () => runnable(read))
    if (loaded) {
      made.runs = loaded.interpreted === null ? 'compiled' : 'interpreted'
      made.reason = loaded.interpreted
    }
  }
  const tests = await testsOf(made, file)
  if (read)
    made.complaints.push(
      ...lintMapping(
        read,
        tests.flatMap((t) => t.cases.map((c) => c.input)),
      ),
    )
  if (made.runs) for (const { file: from, cases } of tests) await runCases(made, from, cases)
  return made
}

interface Tests {
  file: string
  cases: MappingCase[]
}

/** The test file of the same name, those in its folder that name this mapping, and those that are about none. */
async function testsOf(made: Inspection, file: string): Promise<Tests[]> {
  const own = file.replace(/\.ya?ml$/, '.test.yaml')
  const folder = path.dirname(file)
  const found: Tests[] = []
  for (const name of existsSync(folder) ? await readdir(folder) : []) {
    const tests = path.join(folder, name)
    if (!name.endsWith('.test.yaml')) continue
    const elsewhere = path.resolve(tests) !== path.resolve(own) && isFile(path.join(folder, tested(tests)))
    if (elsewhere && !/^mapping:/m.test(await readFile(tests, 'utf8'))) continue
    const cases = await attempt(made, () => readCases(tests))
    const here = (cases ?? []).filter((c) => c.mapping === path.resolve(file))
    if (here.length > 0) found.push({ file: tests, cases: here })
  }
  return found
}

async function attempt<T>(made: Inspection, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error
    made.complaints.push(complaintOf(error))
    return null
  }
}

/** An error of a file as a complaint. */
export function complaintOf(error: TributaryError): Complaint {
  const { file, line, column, field, expression } = error.detail
  return {
    severity: 'error',
    code: error.code,
    file: String(file ?? ''),
    line: typeof line === 'number' ? line : null,
    column: typeof column === 'number' ? column : null,
    field: typeof field === 'string' ? field : null,
    expression: typeof expression === 'string' ? expression : null,
    nearest: null,
    message: { en: error.say('en'), zh: error.say('zh') },
    fix: { en: error.fix('en'), zh: error.fix('zh') },
  }
}

async function runCases(made: Inspection, file: string, cases: MappingCase[]): Promise<void> {
  made.cases += cases.length
  const parsed = parseYaml(await readFile(file, 'utf8'), file)
  const names = (parsed.value as { cases: { name: string }[] }).cases.map((c) => c.name)
  for (const one of cases) {
    const difference = await failureOf(one)
    if (!difference) continue
    made.failed++
    const place = { file, ...parsed.locate(['cases', names.indexOf(one.name)]) }
    made.complaints.push(
      complaintOf(mappingLintError('MAPPING_CASE_FAILED', { ...place, name: one.name, ...difference })),
    )
  }
}

interface Difference {
  field: string
  expected: string
  found: string
}

async function failureOf(one: MappingCase): Promise<Difference | null> {
  try {
    const { expected, found } = await runCase(one)
    return firstDifference(present(expected), present(found), [])
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error
    return { field: '-', expected: 'a result', found: `${error.code}: ${error.message}` }
  }
}

/** As JSON has it: fields that are undefined are not there. */
const present = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value))

/** The first place where two values differ; the test file's author wrote what is shown. */
function firstDifference(expected: unknown, found: unknown, at: string[]): Difference | null {
  if (isDeepStrictEqual(expected, found)) return null
  if (isBranch(expected) && isBranch(found) && Array.isArray(expected) === Array.isArray(found)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      const below = firstDifference(expected[key], found[key], [...at, key])
      if (below) return below
    }
  }
  return { field: at.join('.') || '-', expected: shown(expected), found: shown(found) }
}

const isBranch = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
