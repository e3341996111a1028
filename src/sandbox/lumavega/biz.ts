/** The parameters of a method: `biz` read exactly and strictly, as a platform that trusts nobody does. */
import { compareDecimal } from '../../core/money.ts'
import { asRecord, isNumberText, parseExact } from '../exact-json.ts'
import { instantsOf } from './clock.ts'
import { Refusal } from './refusal.ts'

type Fields = Record<string, unknown>

/** `biz` as an object with exactly these parameters; `optional` ones may be missing. */
export function readBiz(text: string, required: readonly string[], optional: readonly string[] = []): Biz {
  const fields = asRecord(parseExact(text === '' ? '{}' : text))
  if (!fields) throw new Refusal(2001, 'biz is not a JSON object')
  return new Biz(fields, '', required, optional)
}

/** A number as it was written, or a text: an identifier of 19 digits is no floating-point number. */
const written = (value: unknown): unknown => (isNumberText(value) ? value.rawJSON : value)

/** Parameters at one place of `biz`; every reader throws a Refusal that names the place. */
export class Biz {
  readonly #fields: Fields
  readonly #at: string

  constructor(fields: Fields, at: string, required: readonly string[], optional: readonly string[]) {
    this.#fields = fields
    this.#at = at
    for (const name of Object.keys(fields)) {
      if (!required.includes(name) && !optional.includes(name))
        throw new Refusal(2004, `${at}${name} is not a parameter`)
    }
    for (const name of required) {
      if (fields[name] === undefined || fields[name] === null)
        throw new Refusal(2002, `${at}${name} is missing`)
    }
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null
  }

  bad(name: string, why: string): Refusal {
    return new Refusal(2003, `${this.#at}${name}: ${why}`)
  }

  /** Digits, given as a number or as text. */
  id(name: string): string {
    const text = written(this.#fields[name])
    if (typeof text !== 'string' || !/^[1-9]\d{0,18}$/.test(text)) throw this.bad(name, 'not an identifier')
    return text
  }

  text(name: string, pattern: RegExp): string {
    const value = this.#fields[name]
    if (typeof value !== 'string' || !pattern.test(value)) throw this.bad(name, 'not allowed')
    return value
  }

  /** A whole number; `standard` where it is missing. */
  whole(name: string, min: number, max: number, standard: number): number {
    if (!this.has(name)) return standard
    const value = this.#fields[name]
    const number = isNumberText(value) && /^\d{1,9}$/.test(value.rawJSON) ? Number(value.rawJSON) : Number.NaN
    if (!(number >= min && number <= max)) throw this.bad(name, `a whole number from ${min} to ${max}`)
    return number
  }

  /** More than 0, at most three decimals, as text or number. */
  quantity(name: string): string {
    const text = written(this.#fields[name])
    if (typeof text !== 'string' || !/^\d{1,9}(\.\d{1,3})?$/.test(text) || compareDecimal(text, '0') <= 0)
      throw this.bad(name, 'a quantity above 0')
    return text
  }

  /** The instants (ms) that a clock text may mean: never none. */
  clock(name: string): number[] {
    const value = this.#fields[name]
    const instants = typeof value === 'string' ? instantsOf(value) : []
    if (instants.length === 0) throw this.bad(name, 'no clock text, or of an hour that does not exist')
    return instants
  }

  words(name: string, known: readonly string[]): string[] {
    const value = this.#fields[name]
    if (!Array.isArray(value) || value.length === 0 || !value.every((w) => known.includes(w as string)))
      throw this.bad(name, `a list of ${known.join(', ')}`)
    return value as string[]
  }

  list(name: string, most: number, required: readonly string[]): Biz[] {
    const value = this.#fields[name]
    if (!Array.isArray(value) || value.length < 1 || value.length > most)
      throw this.bad(name, `a list of 1 to ${most}`)
    return value.map((one, i) => {
      const at = `${this.#at}${name}[${i}].`
      const fields = asRecord(one)
      if (!fields) throw new Refusal(2003, `${at.slice(0, -1)}: not an object`)
      return new Biz(fields, at, required, [])
    })
  }
}
