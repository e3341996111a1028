/** The variables of mappings, for expressions that are computed on their own. */
import type { MapContext } from '../core/ports.ts'
import { codeFunctions } from './functions.ts'

/** What a mapping sees as `$settings`, `$company`, …, and `$code` over the context's tables. */
export function variablesOf({ codes, ...context }: MapContext): Record<string, unknown> {
  return { ...context, ...codeFunctions(codes) }
}
