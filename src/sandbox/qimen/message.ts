/** The XML of Qimen's messages: reading requests, writing answers and confirms. */
import { escapeXml, type XmlElement } from '../xml.ts'

/** Elements by name, in order; a list repeats its element. What is undefined is left out. */
export interface Tree {
  [name: string]: string | number | Tree | readonly Tree[] | undefined
}

function written(name: string, value: Tree[string]): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.map((one) => written(name, one)).join('')
  if (typeof value === 'object') return `<${name}>${inside(value as Tree)}</${name}>`
  return `<${name}>${escapeXml(String(value))}</${name}>`
}

const inside = (tree: Tree) =>
  Object.entries(tree)
    .map(([name, value]) => written(name, value))
    .join('')

/** A whole document in UTF-8. */
export function document(root: string, tree: Tree): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}>${inside(tree)}</${root}>`
}

/** The first child of that name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((one) => one.name === name)
}

/** Text of a child without the blanks around it; '' where there is none. */
export function text(element: XmlElement | undefined, name: string): string {
  return child(element, name)?.text.trim() ?? ''
}

/** The elements of a list: `orderLines` with `orderLine` in it. */
export function list(element: XmlElement | undefined, name: string, each: string): readonly XmlElement[] {
  return child(element, name)?.children.filter((one) => one.name === each) ?? []
}

/** The texts of all children that have no children themselves. */
export function fields(element: XmlElement | undefined): Record<string, string> {
  const plain = element?.children.filter((one) => one.children.length === 0) ?? []
  return Object.fromEntries(plain.map((one) => [one.name, one.text.trim()]))
}
