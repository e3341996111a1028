/** Decimal text as the models deal with it: quantities and amounts, an empty one being zero. */
import { compareDecimal } from '../../core/money.ts'
import type { Value } from './store.ts'

export const num = (value: Value | undefined) => String(value || '0')
export const isMore = (a: string, b: string) => compareDecimal(a, b) > 0
export const least = (a: string, b: string) => (isMore(a, b) ? b : a)
/** The value, or zero for anything below. */
export const atLeastZero = (value: string) => (isMore(value, '0') ? value : '0')
