/** Reading the business parameters of a call: ids and numbers come as JSON numbers or as text, both are taken. */
import { asRecord, isNumberText, parseExact, scalarText } from '../exact-json.ts'
import { invalid, missing } from './answer.ts'

/** `param_json` as parsed with all digits. */
export type Params = Readonly<Record<string, unknown>>

/** Null for what is no JSON object. */
export function readParams(text: string): Params | null {
  return text === '' ? {} : asRecord(parseExact(text))
}

/** Text, or an id that came as a number; '' when it is absent. */
export function optionalText(params: Params, field: string): string {
  return scalarText(params[field])
}

/** Throws a refusal (40002) when it is absent. */
export function requiredText(params: Params, field: string, sub?: string): string {
  const text = optionalText(params, field)
  if (text === '') throw missing(field, sub)
  return text
}

/** A whole number, or null when it is absent. Throws a refusal (40004) for anything else. */
export function optionalWhole(params: Params, field: string): number | null {
  const value = params[field]
  if (value === undefined || value === null || value === '') return null
  const text = scalarText(value).replace(/\.0+$/, '')
  if (!/^-?\d{1,15}$/.test(text)) throw invalid('0', `${field}: 应为整数`)
  return Number(text)
}

/** Throws a refusal when it is absent or no whole number. */
export function requiredWhole(params: Params, field: string): number {
  const value = optionalWhole(params, field)
  if (value === null) throw missing(field)
  return value
}

/** `true`, `"true"` and 1 are true. */
export function flag(params: Params, field: string): boolean {
  return ['true', '1'].includes(scalarText(params[field]))
}

/** The scalars of a list as text; a single one counts as a list, an absent one as empty. */
export function texts(params: Params, field: string): string[] {
  const value = params[field]
  if (Array.isArray(value)) return value.map(scalarText)
  const one = isNumberText(value) || typeof value === 'string' ? scalarText(value) : ''
  return one === '' ? [] : one.split(',')
}

/** The objects of a list; absent: none. Throws a refusal (40004) when it holds something else. */
export function records(params: Params, field: string): Params[] {
  const value = params[field]
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw invalid('0', `${field}: 应为数组`)
  return value.map((one) => {
    const record = asRecord(one)
    if (!record) throw invalid('0', `${field}: 应为对象数组`)
    return record
  })
}
