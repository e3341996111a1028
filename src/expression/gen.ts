/** What code generation shares: the text being written, names, constants, scopes and what is known of values. */
import type { Node } from './ast.ts'

/** What a value may be, as bits. */
export const KIND = { none: 1, null: 2, bool: 4, num: 8, str: 16, obj: 32, list: 64, fn: 128 } as const
export const ANY = 255

/** A value in generated code: a name or a literal (it may be written twice), and what it may be. */
export interface Val {
  js: string
  kind: number
}

/** Variables of one block or lambda call, or what a path with `@`, `#`, `%` binds. */
export interface Scope {
  parent: Scope | null
  /** Source name → generated name; `sure` once it is bound on every way to the code that follows. */
  names: Map<string, { js: string; sure: boolean; raw: boolean }>
  /** Generated name of the tuple and the names that may be in it. */
  tuple: { js: string; names: Set<string> } | null
}

/** Where code is generated for. */
export interface Context {
  /** Generated name of the input of this part. */
  input: string
  /** True while the input is that of the whole expression. */
  root: boolean
  scope: Scope | null
  /** Nesting, as the reference counts it. */
  depth: number
  /** The input is known to be an object, not a list. */
  plain?: boolean
  /** This code is for inputs of any kind, beside other code for objects: it is not doubled again. */
  doubled?: boolean
}

/** How a name that no scope binds is called. */
export type Global =
  | { type: 'host'; js: string }
  | { type: 'library'; name: string; js: string }
  | { type: 'bound'; js: string }

/** One compilation. */
export interface Gen {
  lines: string[]
  /** Functions beside the main one, such as those of paths, by what they do. */
  beside: Map<string, string>
  besideLines: string[]
  constants: unknown[]
  sites: { position: number | undefined; token: string | undefined }[]
  ids: number
  globals: Map<string, Global>
  /** Lines at the start of the main function, which read variables of the caller. */
  entry: string[]
  /** Names that are taken as the library's or the host's. */
  trusted: Set<string>
  hosts: ReadonlyMap<string, unknown>
  /** No name is trusted, as the caller binds one of them. */
  open: boolean
  emit(node: Node, cx: Context): Val
}

/** One call of a function of the library. */
export interface LibraryCall {
  name: string
  node: Node
  cx: Context
  /** What stands before `~>`. */
  first: Val | null
  /** Completes missing arguments. */
  context: string
  /** Says where the call stands. */
  at(): string
}

export function id(g: Gen, prefix = 't'): string {
  g.ids++
  return `${prefix}${g.ids}`
}

export function line(g: Gen, text: string): void {
  g.lines.push(text)
}

/** Writes a declaration and gives the name as a value. */
export function set(g: Gen, js: string, kind = ANY): Val {
  const name = id(g)
  g.lines.push(`const ${name} = ${js}`)
  return { js: name, kind }
}

/** A text of the source as a literal; nothing of it can end the literal. */
export function quote(text: string): string {
  return JSON.stringify(text)
    .replace(/[\u2028\u2029<>]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('\u007f', '\\u007f')
}

/** A value that generated code cannot say, by its name. */
export function constant(g: Gen, value: unknown): string {
  g.constants.push(value)
  return `C${g.constants.length - 1}`
}

/** Says where the call or operator stands that comes next, for its errors. */
export function site(g: Gen, position: number | undefined, token: string | undefined): string {
  g.sites.push({ position, token })
  return `p = ${g.sites.length - 1}`
}

/** Lines that `work` writes, apart. */
export function apart(g: Gen, work: () => void): string[] {
  const outer = g.lines
  g.lines = []
  try {
    work()
    return g.lines
  } finally {
    g.lines = outer
  }
}

/** A function beside the main one, made once for each key. */
export function besideOnce(g: Gen, key: string, make: (name: string) => string): string {
  const known = g.beside.get(key)
  if (known) return known
  const name = id(g, 'f')
  g.beside.set(key, name)
  g.besideLines.push(make(name))
  return name
}

export const may = (value: Val, kind: number): boolean => (value.kind & kind) !== 0
export const isOnly = (value: Val, kind: number): boolean => (value.kind & ~kind) === 0

/** What becomes of a sequence; only objects can be one. */
export function normed(js: string, by = 'norm'): string {
  return `typeof ${js} === 'object' ? ${by}(${js}) : ${js}`
}

/** Whether a value is an object, not a list, in generated code. */
export const isPlain = (js: string): string =>
  `typeof ${js} === 'object' && ${js} !== null && !Array.isArray(${js})`

/** One level deeper. */
export function deeper(cx: Context, by = 1): Context {
  return { ...cx, depth: cx.depth + by }
}

/** Inside: another input. */
export function on(cx: Context, input: string): Context {
  return { ...cx, input, root: false, plain: false, depth: cx.depth + 1 }
}

/** The effective boolean value of a value, as an expression. */
export function truthOf(value: Val): string {
  if (isOnly(value, KIND.bool)) return value.js
  if (isOnly(value, KIND.bool | KIND.none | KIND.null)) return `(${value.js} === true)`
  if (isOnly(value, KIND.str | KIND.none | KIND.null)) return `!!${value.js}`
  return `(typeof ${value.js} === 'string' ? ${value.js} !== '' : ${value.js} != null && truth(${value.js}))`
}
