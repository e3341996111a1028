import { describe, expect, it } from 'vitest'
import { filesUnder, lineCount, parse, read, sources } from './source.ts'
import { LONG_FILES, LONG_FUNCTIONS, LONG_HOOKS } from './waivers.ts'

const code = sources('src', 'connectors', 'bench', 'docs', '.ci')
const all = [...code, ...sources('tests')]

function tooLong(paths: string[], limit: number): string[] {
  return paths.flatMap((path) => {
    const lines = lineCount(read(path))
    return lines > limit ? [`${path}: ${lines} lines, at most ${limit}`] : []
  })
}

const longFiles = all.filter((file) => file.lines > 400)
const longFunctions = code.flatMap((file) =>
  file.functions
    .filter((found) => found.lines > 40)
    .map((found) => ({ key: `${file.path}#${found.name}`, ...found })),
)

describe('sizes', () => {
  it('a file has at most 400 lines', () => {
    const wrong = longFiles.filter((file) => !LONG_FILES[file.path])
    expect(wrong.map((file) => `${file.path}: ${file.lines} lines`)).toEqual([])
  })

  it('a function has at most 40 lines', () => {
    const wrong = longFunctions.filter(({ key }) => !LONG_FUNCTIONS[key])
    expect(wrong.map(({ key, line, lines }) => `${key} (line ${line}): ${lines} lines`)).toEqual([])
  })

  it('every waiver has a reason and is still needed', () => {
    const files = new Set(longFiles.map((file) => file.path))
    const functions = new Set(longFunctions.map(({ key }) => key))
    expect(Object.keys(LONG_FILES).filter((path) => !files.has(path))).toEqual([])
    expect(Object.keys(LONG_FUNCTIONS).filter((key) => !functions.has(key))).toEqual([])
    const reasons = [...Object.values(LONG_FILES), ...Object.values(LONG_FUNCTIONS)]
    expect(reasons.filter((reason) => reason.length < 20)).toEqual([])
  })

  it('mappings, manifests and hooks stay readable', () => {
    const mappings = filesUnder('mappings').filter((path) => /\.(in|out)\.yaml$/.test(path))
    const connectors = filesUnder('connectors')
    expect([
      ...tooLong(mappings, 120),
      ...tooLong(
        connectors.filter((path) => path.endsWith('/connector.yaml')),
        200,
      ),
      ...tooLong(
        connectors.filter((path) => /\/hooks(-[a-z]+)?\.ts$/.test(path) && !LONG_HOOKS[path]),
        150,
      ),
    ]).toEqual([])
  })

  it('a waiver of hooks is still needed', () => {
    for (const path of Object.keys(LONG_HOOKS)) expect(tooLong([path], 150), path).not.toEqual([])
  })

  it('measures functions by their lines', () => {
    const body = '  call()\n'.repeat(41)
    const { functions } = parse('a.ts', `export const long = () => {\n${body}}\nfunction short() {}\n`)
    expect(functions).toEqual([
      { name: 'long', line: 1, lines: 43 },
      { name: 'short', line: 44, lines: 1 },
    ])
    const outer = parse(
      'b.ts',
      `export function outer() {\n  function inner() {\n${body}  }\n  return { a() {\n${body}  } }\n}\n`,
    )
    expect(outer.functions.map(({ name, lines }) => `${name} ${lines}`)).toEqual([
      'outer 4',
      'inner 43',
      'a 43',
    ])
  })
})
