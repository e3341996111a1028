/** Variables: which generated name stands for a name of the source is settled when compiling. */
import type { Node } from './ast.ts'
import { ANY, constant, type Gen, id, line, quote, type Scope, type Val } from './gen.ts'
import { LIBRARY } from './library.ts'

/** Names that are bound in the frame of this node: not those in blocks and lambdas inside it. */
export function boundIn(node: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(node)) {
    for (const n of node) boundIn(n, found)
  } else if (typeof node === 'object' && node !== null && !(node instanceof RegExp)) {
    const { type, thunk, lhs } = node as Node
    if (type === 'block' || (type === 'lambda' && !thunk)) return found
    if (type === 'bind') found.add((lhs as Node).value as string)
    for (const value of Object.values(node)) boundIn(value, found)
  }
  return found
}

/** A new frame; writes the declarations of its variables. */
export function frame(g: Gen, parent: Scope | null, names: Iterable<string>): Scope {
  const scope: Scope = { parent, names: new Map(), tuple: null }
  for (const name of names) {
    const js = id(g, 'v')
    scope.names.set(name, { js, sure: false, raw: false })
    line(g, `let ${js} = U`)
  }
  return scope
}

/** Finds the frame that a `:=` binds in. */
export function slotOf(scope: Scope | null, name: string): { js: string; sure: boolean } {
  for (let at = scope; at; at = at.parent) {
    const slot = at.tuple ? undefined : at.names.get(name)
    if (slot) return slot
  }
  throw new Error('a variable without a frame')
}

/** True when a scope of the expression may bind the name. */
export function isScoped(scope: Scope | null, name: string): boolean {
  for (let at = scope; at; at = at.parent) {
    if (at.names.has(name) || at.tuple?.names.has(name)) return true
  }
  return false
}

/** Reads a variable. */
export function readVariable(g: Gen, scope: Scope | null, name: string): Val {
  let text = ''
  for (let at = scope; at; at = at.parent) {
    if (at.tuple?.names.has(name)) {
      const tuple = at.tuple.js
      text += `${tuple} !== null && hasOwn(${tuple}, ${quote(name)}) ? ${tuple}[${quote(name)}] : `
    }
    const slot = at.names.get(name)
    if (!slot) continue
    if (slot.sure) {
      if (text === '' && !slot.raw) return { js: slot.js, kind: ANY }
      return declare(g, text === '' ? `norm(${slot.js})` : `norm(${text}${slot.js})`)
    }
    text += `${slot.js} !== U ? ${slot.js} : `
  }
  const outer = globalOf(g, name).js
  return text === '' ? { js: outer, kind: ANY } : declare(g, `norm(${text}${outer})`)
}

function declare(g: Gen, js: string): Val {
  const name = id(g)
  line(g, `const ${name} = ${js}`)
  return { js: name, kind: ANY }
}

/** A name that no scope binds: of the caller, the host or the library. */
export function globalOf(g: Gen, name: string): { type: string; js: string; name?: string } {
  const known = g.globals.get(name)
  if (known) return known
  if (name === '$') return { type: 'bound', js: 'raw' }
  const host = g.hosts.get(name)
  const library = host === undefined && Object.hasOwn(LIBRARY, name)
  const fixed =
    host !== undefined ? constant(g, host) : library ? constant(g, LIBRARY[name]!.value) : 'undefined'
  if (fixed !== 'undefined') g.trusted.add(name)
  if (fixed !== 'undefined' && !g.open) {
    const made = library
      ? { type: 'library' as const, name, js: fixed }
      : { type: 'host' as const, js: fixed }
    g.globals.set(name, made)
    return made
  }
  const js = id(g, 'g')
  const key = quote(name)
  g.entry.push(`const ${js} = bindings != null && hasOwn(bindings, ${key}) ? bindings[${key}] : ${fixed}`)
  const made = { type: 'bound' as const, js }
  g.globals.set(name, made)
  return made
}
