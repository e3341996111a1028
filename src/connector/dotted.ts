/** Dotted paths into parsed answers: `data.order.id`. A text that holds JSON is stepped into like what it holds. */
import { parseJson } from '../core/json.ts'

/** Follows a dotted path into plain data; undefined where it ends. No path gives the value itself. */
export function pick(value: unknown, path: string | undefined): unknown {
  if (path === undefined) return value
  let at = value
  for (const step of path.split('.')) {
    if (typeof at === 'string') at = opened(at)
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, step)) return undefined
    at = (at as Record<string, unknown>)[step]
  }
  return at
}

/** JSON inside JSON, as some platforms answer (TOP: `token_result`); undefined for any other text. */
function opened(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

/** A scalar as text, or null: ids, numbers and totals of remotes come as numbers or as text. */
export function textAt(value: unknown, path: string | undefined): string | null {
  if (path === undefined) return null
  const found = pick(value, path)
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'bigint'
    ? String(found)
    : null
}

/** The first of several paths that leads to a scalar. */
export function firstText(value: unknown, paths: readonly string[]): string | null {
  for (const path of paths) {
    const found = textAt(value, path)
    if (found !== null && found !== '') return found
  }
  return null
}
