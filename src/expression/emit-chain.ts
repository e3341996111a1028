/** Chains of fields, `a.b.c`: what almost every path is. Each becomes a function of its own, shared by all places that use it. */
import { besideOnce, type Gen, quote, set, type Val } from './gen.ts'

/**
 * What is wanted of a chain: its value, its value as a list (`[]` on a step, or `plain` on the whole path, which
 * leaves a constructed list alone), what the next step goes over, or the list of results itself (`fresh`).
 */
export type Want = 'value' | 'keep' | 'plain' | 'stream' | 'fresh'

/** Reads a field of an object. Names that objects inherit are asked for with care; the others cannot be inherited from a plain object. */
function field(of: string, key: string): string {
  const name = quote(key)
  return key in Object.prototype ? `(hasOwn(${of}, ${name}) ? ${of}[${name}] : undefined)` : `${of}[${name}]`
}

/** The value at the end of a chain, read from `holder`. */
function ended(value: string, holder: string, key: string): string {
  const own = `lastOwn(${value}, ${holder}, ${quote(key)})`
  return `(typeof ${value} === 'object' && ${value} !== null) || typeof ${value} === 'function' ? ${own} : ${value}`
}

/** A chain from an input that is known to be an object: one field, the commonest of all, without a call. */
export function emitChain(g: Gen, input: string, keys: string[], want: Want): Val {
  const [key] = keys as [string]
  if (keys.length > 1 || (want !== 'value' && want !== 'stream')) {
    return set(g, `${chainFunction(g, keys, want, true)}(${input})`)
  }
  const value = set(g, field(input, key)).js
  if (want === 'value') return set(g, ended(value, input, key))
  return set(g, `Array.isArray(${value}) ? opened(${value}) : ${value}`)
}

/** The name of the function from a value to the chain's end; `plain`: the value is known to be an object. */
export function chainFunction(g: Gen, keys: string[], want: Want, plain = false): string {
  return besideOnce(g, `${plain}:${want}:${JSON.stringify(keys)}`, (name) => {
    const lines = [`function ${name}(v) {`]
    const end = (list: string) =>
      want === 'value' ? `finish(${list})` : want === 'stream' ? `flat(${list})` : `finishKeep(${list})`
    for (const [i, key] of keys.entries()) {
      const list = itemsFunction(g, keys.slice(i))
      const open = i === 0 ? 'v' : 'opened(v)'
      const known = plain && i === 0
      if (!known) lines.push(`if (typeof v !== 'object' || v === null) return undefined`)
      if (i === 0 && !known) lines.push(`if (Array.isArray(v)) return ${end(`${list}(${open}, [])`)}`)
      else if (!known) {
        // Most lists in data hold one item or many; one is gone on with like a single value.
        lines.push('if (Array.isArray(v)) {')
        lines.push(`if (v.length !== 1 || v.cons === true) return ${end(`${list}(${open}, [])`)}`)
        lines.push('const w = v[0]')
        lines.push(`if (Array.isArray(w)) return ${end(`${list}(v, [])`)}`)
        lines.push(`if (typeof w !== 'object' || w === null) return undefined`)
        lines.push('v = w', '}')
      }
      if (i === keys.length - 1) lines.push('const o = v')
      lines.push(`v = ${field('v', key)}`)
    }
    if (want === 'value') {
      lines.push(`return ${ended('v', 'o', keys.at(-1)!)}`)
    } else if (want !== 'stream') lines.push(`return v === undefined ? undefined : finishKeep([v])`)
    else lines.push('return Array.isArray(v) ? opened(v) : v')
    lines.push('}')
    return lines.join('\n')
  })
}

/** The name of the function that adds to a list what the chain gives for each item. */
export function itemsFunction(g: Gen, keys: string[]): string {
  return besideOnce(g, `items:${JSON.stringify(keys)}`, (name) => {
    const lines = [
      `function ${name}(items, out) {`,
      'for (let i = 0; i < items.length; i++) {',
      'let v = items[i]',
    ]
    for (const [i, key] of keys.entries()) {
      lines.push(`if (typeof v !== 'object' || v === null) continue`)
      if (i === 0) lines.push(`v = Array.isArray(v) ? lookup(v, ${quote(key)}) : ${field('v', key)}`)
      else {
        const rest = itemsFunction(g, keys.slice(i))
        lines.push(`if (Array.isArray(v)) { ${rest}(opened(v), out); continue }`)
        lines.push(`v = ${field('v', key)}`)
      }
    }
    lines.push('if (v !== undefined) out.push(v)', '}', 'return out', '}')
    return lines.join('\n')
  })
}
