/** What the query paths do alike: conditions, windows over the last change, pages. */
import { asRecord, scalarText } from '../exact-json.ts'
import { business } from './answer.ts'

/** Field → the values it may have. */
export type Condition = Map<string, string[]>

/** Instants of NC Cloud are text in the server's zone, here China's. */
export function tsText(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
}

/** The body of a query. Throws Refused for what is no object or asks for nothing at all. */
export function conditionOf(body: unknown): Condition {
  const record = asRecord(body)
  if (!record) throw business('参数格式错误: 请求体应为对象')
  const condition: Condition = new Map()
  for (const [field, value] of Object.entries(record)) {
    const values = (Array.isArray(value) ? value : [value]).map(scalarText).filter((text) => text !== '')
    if (values.length > 0) condition.set(field, values)
  }
  if (condition.size === 0) throw business('查询条件不能为空')
  return condition
}

function instantOf(text: string): number {
  const m = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/.exec(text)
  if (!m) throw business(`时间格式错误: ${text}`)
  return Date.parse(`${m[1]}T${m[2]}+08:00`)
}

/** Takes `ts_start` and `ts_end` out of a condition; both are whole seconds, the end is not included. */
export function sinceAsked(condition: Condition): (at: number) => boolean {
  const from = condition.get('ts_start')?.[0]
  const to = condition.get('ts_end')?.[0]
  condition.delete('ts_start')
  condition.delete('ts_end')
  const start = from === undefined ? 0 : instantOf(from)
  const end = to === undefined ? Number.POSITIVE_INFINITY : instantOf(to)
  return (at) => at >= start && at < end
}

/** Takes `pageIndex` (from 1) and `pageSize` (1 to 500, default 100) out of a condition. */
export function pageAsked(condition: Condition): { page: number; size: number } {
  const page = Number(condition.get('pageIndex')?.[0] ?? '1')
  const size = Number(condition.get('pageSize')?.[0] ?? '100')
  condition.delete('pageIndex')
  condition.delete('pageSize')
  if (!Number.isInteger(page) || page < 1) throw business('pageIndex 从 1 开始')
  if (!Number.isInteger(size) || size < 1 || size > 500) throw business('pageSize 应为 1 到 500')
  return { page, size }
}

/** True when every asked field that is in `fields` has one of its values. */
export function matches(
  condition: Condition,
  values: Readonly<Record<string, string | undefined>>,
  fields: ReadonlySet<string>,
): boolean {
  for (const [field, wanted] of condition) {
    if (fields.has(field) && !wanted.includes(values[field] ?? '')) return false
  }
  return true
}

/** One page. */
export function pageOf<T>(found: readonly T[], page: number, size: number, view: (one: T) => object): object {
  const datas = found.slice((page - 1) * size, page * size).map(view)
  return { pageIndex: page, pageSize: size, total: found.length, datas }
}
