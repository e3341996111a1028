/** Paths: which fields there are, and which of them are amounts. */
import type { Node } from '../expression/ast.ts'
import { type Lint, near, type Place, report } from './lint-report.ts'
import { hasFields, isPlain, type Shape, UNKNOWN } from './shape.ts'

/** Amounts by the last word of a name: `total_price`, `shippingFee`, 金额. */
const MONEY_NAME =
  /(^|[\W_])(price|amount|total|subtotal|cost|fee|freight|discount|tax|payment|money|mny)s?$|(金额|单价|价格|总价|税额|运费|优惠)$/

/** True for names such as `total_price`, which are amounts where nothing else says what they are. */
export function isMoneyName(name: string): boolean {
  return MONEY_NAME.test(name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase())
}

/** What a field of the input is. `before`: the path that led to it within the expression. */
export function field(lint: Lint, input: Shape, node: Node, at: Place, before: string): Shape {
  const name = String(node.value)
  const found = input.fields.get(name)
  if (!found) {
    if (hasFields(input) || isPlain(input)) pathUnknown(lint, input, name, at, before)
    return lint.moneyByName && isMoneyName(name) ? { ...UNKNOWN, money: true } : UNKNOWN
  }
  if (!lint.moneyByName || found.fields.size > 0 || !isMoneyName(name)) return found
  const whole = found.number === 'whole' && lint.minorUnits
  return { ...found, money: true, number: whole ? 'whole' : found.number === 'whole' ? 'any' : found.number }
}

function pathUnknown(lint: Lint, input: Shape, name: string, at: Place, before: string): void {
  const path = before === '' ? name : `${before}.${name}`
  const key = `${at.home.file.file} ${at.home.path.join('.')} ${path}`
  if (lint.paths.has(key)) return
  lint.paths.add(key)
  // Within a list, what belongs to the whole record is a step away.
  const hint = near(name, [...input.fields.keys()]) ?? near(name, [...lint.root.fields.keys()], '$$.')
  const detail = { path, whose: lint.whose, near: hint }
  report(lint, 'warning', 'MAPPING_PATH_UNKNOWN', at.home, detail)
}
