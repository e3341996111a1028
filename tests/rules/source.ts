/** Reads the project's own source for the rules: files, lines, imports, functions. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, sep } from 'node:path'
import { parseSync } from 'vite'

/** The project's root folder. */
export const ROOT = join(import.meta.dirname, '..', '..')

export interface Import {
  /** As written. */
  specifier: string
  /** Path from the root for relative imports, else null (packages). */
  target: string | null
  typeOnly: boolean
  /** `import('…')` */
  dynamic: boolean
}

export interface FunctionSize {
  name: string
  line: number
  lines: number
}

export interface Source {
  /** From the root, with `/`. */
  path: string
  text: string
  lines: number
  imports: Import[]
  functions: FunctionSize[]
}

/** Every file under these folders (from the root), sorted; missing folders are empty. */
export function filesUnder(...folders: string[]): string[] {
  return folders.flatMap((folder) => walk(folder)).sort()
}

function walk(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(ROOT.length + 1)
        .split(sep)
        .join('/'),
    )
    .filter((path) => !path.includes('node_modules/'))
}

/** The text of one file of the project. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Number of lines, as `wc -l` counts them. */
export function lineCount(text: string): number {
  return text.split('\n').length - 1
}

/** Parses every TypeScript file under these folders. Throws on a file that cannot be parsed. */
export function sources(...folders: string[]): Source[] {
  return filesUnder(...folders)
    .filter((path) => path.endsWith('.ts'))
    .map((path) => parse(path, read(path)))
}

/** Parses one file. */
export function parse(path: string, text: string): Source {
  const { program, module, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`)
  const imports = module.staticImports.map((found) =>
    toImport(path, found.moduleRequest.value, isTypeOnly(text.slice(found.start, found.end), found.entries)),
  )
  for (const found of module.staticExports) {
    for (const entry of found.entries) {
      if (entry.moduleRequest) imports.push(toImport(path, entry.moduleRequest.value, entry.isType))
    }
  }
  for (const found of module.dynamicImports) {
    const specifier = /^['"`](.*)['"`]$/.exec(
      text.slice(found.moduleRequest.start, found.moduleRequest.end),
    )?.[1]
    if (specifier) imports.push({ ...toImport(path, specifier, false), dynamic: true })
  }
  return { path, text, lines: lineCount(text), imports, functions: functionsOf(program, text) }
}

function isTypeOnly(statement: string, entries: { isType: boolean }[]): boolean {
  return /^import\s+type\b/.test(statement) || (entries.length > 0 && entries.every((entry) => entry.isType))
}

function toImport(from: string, specifier: string, typeOnly: boolean): Import {
  const target = specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : null
  return { specifier, target, typeOnly, dynamic: false }
}

interface Node {
  type: string
  start: number
  end: number
  [key: string]: unknown
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/**
 * A function is measured by its own lines: functions declared inside it, and methods of objects it makes, are
 * measured by themselves; callbacks belong to it.
 */
function functionsOf(program: unknown, text: string): FunctionSize[] {
  const found: FunctionSize[] = []
  const visit = (value: unknown, name: string, inside: FunctionSize | null, method: boolean): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, name, inside, false)
    if (!isNode(value)) return
    const own = nameOf(value) ?? name
    let current = inside
    if (FUNCTIONS.has(value.type)) {
      const lines = lineCount(text.slice(value.start, value.end)) + 1
      current = { name: own, line: lineCount(text.slice(0, value.start)) + 1, lines }
      found.push(current)
      if (inside && (method || value.type === 'FunctionDeclaration')) inside.lines -= lines - 1
    }
    const isMethod = value.type === 'Property' && value.method === true
    for (const [key, child] of Object.entries(value)) if (key !== 'type') visit(child, own, current, isMethod)
  }
  visit(program, '(module)', null, false)
  return found
}

function nameOf(node: Node): string | null {
  for (const key of ['id', 'key']) {
    const named = node[key]
    if (isNode(named) && typeof named.name === 'string') return named.name
  }
  return null
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}
