/**
 * The functions that mappings have beyond JSONata's own. All are exact: they work on decimal text and on
 * integers in minor units, never on floats. Each takes nothing (undefined, null or empty text) to nothing, as
 * JSONata's own functions do. Each throws TributaryError MAPPING_VALUE when it cannot use its argument.
 */
import { mappingError } from '../core/errors/mapping.ts'
import { type FunctionTable, isNothing, type MappingFunction } from './arguments.ts'
import { DATES } from './functions-date.ts'
import { LISTS } from './functions-list.ts'
import { DECIMALS, MONEY } from './functions-money.ts'
import { TEXTS } from './functions-text.ts'

/** What the reference says of the functions of `codeFunctions`, which are bound per connection. */
export const CODES: Readonly<Record<string, Omit<MappingFunction, 'work'>>> = {
  code: {
    takes: 'table, key[, default]',
    gives:
      'the entry of a [code table](../guide/code-tables.md) of this connection; an unmapped key without default parks the record, with all keys that it lacks',
    example: ["[$code('unit', 'pc'), $code('unit', 'box', 'BX')]", ['EA', 'BX']],
  },
  codeFactor: {
    takes: 'table, key[, default]',
    gives: 'the factor of that entry (decimal text); never parks',
    example: ["$codeFactor('unit', 'box', '1')", '12'],
  },
  hasCodes: {
    takes: 'table',
    gives: 'whether this connection has such a table: one entry makes it',
    example: ["[$hasCodes('unit'), $hasCodes('colour')]", [true, false]],
  },
}

/** All functions with what the reference says of them, under the headings of the page. */
export const SECTIONS: Readonly<Record<string, FunctionTable>> = {
  Money: MONEY,
  Decimals: DECIMALS,
  'Dates and times': DATES,
  Text: TEXTS,
  Lists: LISTS,
}

/** Every function by the name that mappings use. JSONata's own names keep their meaning. */
export const FUNCTIONS: Readonly<Record<string, (...args: never[]) => unknown>> = Object.freeze(
  Object.fromEntries(
    Object.values(SECTIONS).flatMap((table) => Object.entries(table).map(([name, { work }]) => [name, work])),
  ),
)

/** A pair of table and key that a lookup did not find. */
export type MissingCode = readonly [table: string, key: string]

/**
 * `$code(table, key[, default])`, `$codeFactor(table, key[, default])` and `$hasCodes(table)` over the code tables of
 * one connection. An unmapped key without default throws MAPPING_CODE_MISSING; with `missing`, it is only noted there
 * and gives nothing.
 */
export function codeFunctions(
  codes: Record<string, Record<string, string>> = {},
  factors: Record<string, Record<string, string>> = {},
  missing?: MissingCode[],
) {
  return {
    hasCodes: (table: unknown): boolean => Object.hasOwn(codes, String(table)),
    code: (table: unknown, key: unknown, fallback?: unknown): unknown => {
      if (isNothing(key)) return fallback
      const name = String(table)
      const entries = Object.hasOwn(codes, name) ? codes[name]! : {}
      if (Object.hasOwn(entries, String(key))) return entries[String(key)]
      if (fallback !== undefined) return fallback
      if (!missing) throw mappingError('MAPPING_CODE_MISSING', { table: name, key: String(key), more: '' })
      missing.push([name, String(key)])
      return undefined
    },
    codeFactor: (table: unknown, key: unknown, fallback?: unknown): unknown => {
      const name = String(table)
      if (isNothing(key) || !Object.hasOwn(factors, name)) return fallback
      const entries = factors[name]!
      return Object.hasOwn(entries, String(key)) ? entries[String(key)] : fallback
    },
  }
}
