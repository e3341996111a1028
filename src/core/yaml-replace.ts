/** Leaves values out of YAML that people wrote, and everything else as they wrote it, comments included. */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, Parser, parseDocument } from 'yaml'
import type { YamlPath } from './yaml.ts'

/**
 * The text with the values at these paths replaced by the quoted `mark`. A value that an alias leads to is replaced
 * where it stands. Paths that lead nowhere are passed over. `text`: YAML that parses.
 */
export function replaceValues(text: string, paths: YamlPath[], mark: string): string {
  const document = parseDocument(text, { prettyErrors: false })
  const ranges = new Map<number, number>()
  for (const path of paths) {
    const node = nodeAt(document, path)
    if (!node?.range) continue
    const [start, end] = node.range
    // a block ends with its last line break, which belongs to the next key
    ranges.set(start, start + text.slice(start, end).trimEnd().length)
  }
  let out = text
  for (const [start, end] of [...ranges].sort(([a], [b]) => b - a)) {
    out = `${out.slice(0, start)}${JSON.stringify(mark)}${out.slice(end)}`
  }
  return out
}

function nodeAt(document: ReturnType<typeof parseDocument>, path: YamlPath): Node | null {
  const resolved = (node: unknown): Node | null =>
    isAlias(node) ? (node.resolve(document) ?? null) : ((node as Node | null | undefined) ?? null)
  let node = resolved(document.contents)
  for (const step of path) {
    if (isMap(node)) {
      const pairs = node.items as Pair<Node, Node | null>[]
      node = resolved(
        pairs.find((p) => String(isScalar(p.key) ? p.key.value : p.key) === String(step))?.value,
      )
    } else if (isSeq(node)) {
      node = resolved(node.items[Number(step)])
    } else return null
  }
  return node
}

/** The text with each comment (from its # on) put through `change`. */
export function changeComments(text: string, change: (comment: string) => string): string {
  const found: { offset: number; source: string }[] = []
  const collect = (token: unknown): void => {
    if (Array.isArray(token)) {
      for (const inner of token) collect(inner)
      return
    }
    if (typeof token !== 'object' || token === null) return
    const { type, offset, source } = token as { type?: unknown; offset?: unknown; source?: unknown }
    if (type === 'comment' && typeof offset === 'number' && typeof source === 'string') {
      found.push({ offset, source })
    }
    for (const inner of Object.values(token)) if (typeof inner === 'object') collect(inner)
  }
  for (const token of new Parser().parse(text)) collect(token)
  const places = new Map(found.map((one) => [one.offset, one.source]))
  let out = text
  for (const [offset, source] of [...places].sort(([a], [b]) => b - a)) {
    out = `${out.slice(0, offset)}${change(source)}${out.slice(offset + source.length)}`
  }
  return out
}
