/** Answers as a declaration wants to read them: what is around the records, from a recorded answer where there is one. */
import type { AnswerManifest } from '../connector/manifest-http.ts'
import { escapeXml, xmlElement } from '../connector/xml.ts'
import { compileExpression } from '../expression/compile.ts'

/** Puts a value at a dotted path; no path replaces the whole. */
export function put(tree: unknown, path: string | undefined, value: unknown): unknown {
  if (path === undefined) return value
  const [first, ...rest] = path.split('.')
  const object = isTree(tree) ? { ...tree } : {}
  object[first!] = rest.length > 0 ? put(object[first!], rest.join('.'), value) : value
  return object
}

/** Takes away what stands at a dotted path. */
export function without(tree: unknown, path: string): unknown {
  const [first, ...rest] = path.split('.')
  if (!isTree(tree) || !Object.hasOwn(tree, first!)) return tree
  const { [first!]: inner, ...others } = tree
  return rest.length > 0 ? { ...others, [first!]: without(inner, rest.join('.')) } : others
}

const isTree = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** `path = literal`, as the conditions of manifests are mostly made of. */
const EQUATION = /(?<![\w.$])([A-Za-z_][\w.]*)\s*=\s*("[^"]*"|'[^']*'|-?\d+(?:\.\d+)?|true|false|null)/g

/** The tree changed so that the condition holds (or, `holds` false, does not); null where that cannot be told. */
export function satisfying(tree: unknown, condition: string, holds = true): unknown | null {
  const test = compileExpression(condition)
  if ((test(tree) === true) === holds) return tree
  let changed = tree
  for (const [, path, literal] of condition.matchAll(EQUATION)) {
    const text = literal!.startsWith("'") ? `"${literal!.slice(1, -1)}"` : literal!
    const value: unknown = JSON.parse(text)
    changed = put(changed, path, holds ? value : opposite(value))
  }
  return (test(changed) === true) === holds ? changed : null
}

function opposite(value: unknown): unknown {
  if (typeof value === 'boolean') return !value
  return typeof value === 'number' ? value + 1 : 'kit-open'
}

/** A body that the declaration takes for success; null where that cannot be told. */
export function successful(tree: unknown, rules: (AnswerManifest | undefined)[]): unknown | null {
  let changed = tree
  const condition = rules.find((r) => r?.ok)?.ok
  if (condition) return satisfying(changed, condition)
  for (const rule of rules) for (const path of [rule?.code ?? []].flat()) changed = without(changed, path)
  return changed
}

/** A body that tells of a failure with this code; null where the declaration reads none. */
export function failing(rules: (AnswerManifest | undefined)[], code: string): unknown | null {
  const path = rules.flatMap((r) => [r?.code ?? []].flat())[0]
  if (path === undefined) return null
  const condition = rules.find((r) => r?.ok)?.ok
  const tree = put({}, path, code)
  return condition && compileExpression(condition)(tree) === true ? satisfying(tree, condition, false) : tree
}

/** As bytes in the form that the API answers in. */
export function bytesOf(tree: unknown, form: 'json' | 'xml'): Buffer {
  if (form === 'json') return Buffer.from(exactJson(tree))
  const [root = 'answer', value = ''] = isTree(tree) ? (Object.entries(tree)[0] ?? []) : []
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${xmlElement(root as string, value, escapeXml)}`)
}

/** Texts that begin with this are written as bare numbers, whose digits JavaScript could not hold. */
export const EXACT = '\u0001'

const exactJson = (tree: unknown): string => JSON.stringify(tree).replace(/"\\u0001(-?[\d.]+)"/g, '$1')
