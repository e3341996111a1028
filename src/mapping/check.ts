/**
 * What `tributary check` and the golden tests use: everything that is wrong with a mapping file, and the
 * cases that stand beside it (`order.in.test.yaml` beside `order.in.yaml`).
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Static, Type } from 'typebox'
import { TributaryError } from '../core/errors/error.ts'
import { mappingError } from '../core/errors/mapping.ts'
import { parseJson } from '../core/json.ts'
import type { MapContext } from '../core/ports.ts'
import { nearest, type ParsedYaml, parseYaml, validateYaml } from '../core/yaml.ts'
import { didYouMean } from '../core/yaml-words.ts'
import { loadMapping } from './load.ts'
import { readMapping } from './read.ts'

/**
 * All complaints about one mapping file as texts with file, line and column; empty when it is right. Reads what
 * it extends too. Throws nothing but internal errors.
 */
export async function checkMapping(file: string): Promise<TributaryError[]> {
  try {
    await readMapping(file)
    return []
  } catch (error) {
    if (error instanceof TributaryError) return [error]
    throw error
  }
}

const CaseFile = Type.Object(
  {
    /** The mapping under test; default: the file of this name without `.test`. */
    mapping: Type.Optional(Type.String()),
    /** What every case is bound to; a case may add to it. */
    context: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    cases: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          input: Type.Optional(Type.Unknown()),
          inputFile: Type.Optional(Type.String({ description: 'a JSON file, relative to this one' })),
          context: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
          /** The whole result, or… */
          expect: Type.Optional(Type.Unknown()),
          /** …only these fields of it (maps are compared key by key, lists in full length), or… */
          expectPart: Type.Optional(Type.Unknown()),
          /** …the code of the error and a part of its text. */
          expectError: Type.Optional(
            Type.Object({ code: Type.String(), says: Type.Optional(Type.String()) }),
          ),
        },
        { additionalProperties: false },
      ),
      { minItems: 1 },
    ),
  },
  { additionalProperties: false },
)

/** One case, ready to run. */
export interface MappingCase {
  name: string
  mapping: string
  input: unknown
  context: MapContext
  wanted: Pick<Static<typeof CaseFile>['cases'][number], 'expect' | 'expectPart' | 'expectError'>
}

/** The variables where a test file or a command says nothing else. */
export const CONTEXT: MapContext = {
  connection: 'shop',
  entity: 'main',
  settings: {},
  company: { zone: 'Asia/Shanghai', currency: 'CNY' },
  push: { key: 'T0001', revision: 1 },
}

/** Reads a `*.test.yaml`. Throws TributaryError YAML_…, MAPPING_UNREADABLE or MAPPING_SHAPE. */
export async function readCases(file: string): Promise<MappingCase[]> {
  const parsed = parseYaml(await read(file), file)
  const value = validateYaml(CaseFile, parsed)
  const here = path.dirname(file)
  const mapping = path.resolve(here, value.mapping ?? tested(file))
  if (!isFile(mapping)) throw noMapping(parsed, value.mapping, mapping)
  return Promise.all(
    value.cases.map(async (one, i) => {
      const expectations = ['expect', 'expectPart', 'expectError'].filter((k) => k in one)
      if (expectations.length !== 1 || 'input' in one === 'inputFile' in one) {
        const at = parsed.locate(['cases', i])
        const problem = 'a case has one of input, inputFile and one of expect, expectPart, expectError'
        throw mappingError('MAPPING_SHAPE', { file, ...at, field: `cases.${i}`, problem })
      }
      const input = one.inputFile ? await readJson(path.resolve(here, one.inputFile)) : one.input
      const context = { ...CONTEXT, ...value.context, ...one.context } as MapContext
      return { name: one.name, mapping, input, context, wanted: one }
    }),
  )
}

/** The mapping that a test file is about where it names none. */
export const tested = (file: string): string => path.basename(file).replace('.test.yaml', '.yaml')

export const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false

/** Cases that are tried on nothing would look like cases that passed. */
function noMapping(parsed: ParsedYaml, named: string | undefined, mapping: string): Error {
  const { file } = parsed
  const there = existsSync(path.dirname(mapping)) ? readdirSync(path.dirname(mapping)) : []
  const near = nearest(
    path.basename(mapping),
    there.filter((name) => /(?<!\.test)\.yaml$/.test(name)),
  )
  const hint = didYouMean(near) || { en: '', zh: '' }
  const what = named ?? tested(file)
  return mappingError('MAPPING_SHAPE', {
    ...{ file, ...parsed.locate(['mapping']), field: 'mapping' },
    problem: {
      en: `there is no mapping file ${what} here, so its cases test nothing${hint.en}`,
      zh: `此处没有映射文件 ${what}，这些用例没有测试任何内容${hint.zh}`,
    },
  })
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    throw mappingError('MAPPING_UNREADABLE', { file, reason }, error)
  }
}

async function readJson(file: string): Promise<unknown> {
  const text = await read(file)
  try {
    return parseJson(text)
  } catch (error) {
    const reason = error instanceof SyntaxError ? `not JSON: ${error.message}` : String(error)
    throw mappingError('MAPPING_UNREADABLE', { file, reason }, error)
  }
}

/** Runs a case: equal `expected` and `found` mean that it passed. Throws what the mapping throws unexpectedly. */
export async function runCase(one: MappingCase): Promise<{ expected: unknown; found: unknown }> {
  const mapping = await loadMapping(one.mapping)
  const { wanted } = one
  try {
    const found = JSON.parse(JSON.stringify(await mapping.map(one.input, one.context)))
    if (wanted.expectError) return { expected: wanted.expectError, found }
    if ('expectPart' in wanted)
      return { expected: wanted.expectPart, found: partOf(found, wanted.expectPart) }
    return { expected: wanted.expect, found }
  } catch (error) {
    if (!(error instanceof TributaryError) || !wanted.expectError) throw error
    const { code, says } = wanted.expectError
    const heard = says !== undefined && error.message.includes(says) ? says : error.message
    return {
      expected: { code, says },
      found: { code: error.code, says: says === undefined ? undefined : heard },
    }
  }
}

/** Of a result, only what the expectation speaks of. */
function partOf(found: unknown, wanted: unknown): unknown {
  if (Array.isArray(wanted) && Array.isArray(found)) {
    return found.map((f, i) => (i < wanted.length ? partOf(f, wanted[i]) : f))
  }
  if (isMap(wanted) && isMap(found)) {
    return Object.fromEntries(Object.entries(wanted).map(([k, w]) => [k, partOf(found[k], w)]))
  }
  return found
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
