/** What the functions of JSONata and of mappings make of shapes, as far as money and fields are concerned. */
import type { Node } from '../expression/ast.ts'
import { rowShape } from './document-shape.ts'
import { anyOf, either, MONEY, NUMBER, type Shape, TEXT, UNKNOWN, union, WHOLE } from './shape.ts'

/** One call as it is seen before anything runs. */
export interface Call {
  name: string
  args: Shape[]
  /** Literal text of the second argument, for `$lookup`. */
  key: string | null
  /** Applies an argument that is a lambda; anything for what is none. */
  apply(work: Shape, args: Shape[]): Shape
  /** A value that has gone through float arithmetic in this call. */
  float(by: string, args: readonly Shape[]): Shape
}

type Effect = (call: Call) => Shape

const first = ({ args }: Call) => args[0] ?? UNKNOWN
const whole = (shapes: readonly Shape[]) => shapes.every((s) => s.number === 'whole')

/** What floats and money remain of the arguments in something made of them. */
export function carried(made: Shape, args: readonly Shape[]): Shape {
  const floats = args.reduce<Shape['floats']>((all, a) => union(all, a.floats), [])
  return { ...made, floats, money: args.some((a) => a.money) }
}

/** Whole numbers stay whole; anything else becomes a float. */
const arithmetic: Effect = (call) =>
  whole(call.args) && call.args.length > 0
    ? carried(WHOLE, call.args)
    : call.float(`$${call.name}`, call.args)
const alwaysFloat: Effect = (call) => call.float(`$${call.name}`, call.args)
/** `$round(x, digits)`, `$floor(x)`: the first argument counts. */
const ofFirst: Effect = (call) =>
  whole(call.args.slice(0, 1)) ? first(call) : call.float(`$${call.name}`, call.args.slice(0, 1))
const merged: Effect = ({ args }) => anyOf(args)
const texts: Effect = ({ args }) => carried(TEXT, args)
const nothingOfIt =
  (made: Shape): Effect =>
  () =>
    made
const picked: Effect = (call) => {
  const work = call.args[1]
  if (work) call.apply(work, [first(call), WHOLE, first(call)])
  return first(call)
}

const LIBRARY_EFFECTS: Record<string, Effect> = {
  sum: arithmetic,
  average: alwaysFloat,
  sqrt: alwaysFloat,
  power: arithmetic,
  round: ofFirst,
  floor: ofFirst,
  ceil: ofFirst,
  abs: ofFirst,
  number: ofFirst,
  max: first,
  min: first,
  append: merged,
  distinct: merged,
  reverse: merged,
  shuffle: merged,
  zip: merged,
  merge: merged,
  clone: merged,
  filter: picked,
  single: picked,
  sort: (call) => {
    const work = call.args[1]
    if (work) call.apply(work, [first(call), first(call)])
    return first(call)
  },
  map: (call) => call.apply(call.args[1] ?? UNKNOWN, [first(call), WHOLE, first(call)]),
  reduce: (call) => {
    const start = call.args[2] ? either(call.args[2], first(call)) : first(call)
    return call.apply(call.args[1] ?? UNKNOWN, [start, first(call), WHOLE, first(call)])
  },
  each: (call) => call.apply(call.args[1] ?? UNKNOWN, [valuesOf(first(call)), TEXT]),
  sift: (call) => {
    if (call.args[1]) call.apply(call.args[1], [valuesOf(first(call)), TEXT])
    return { ...first(call), known: false }
  },
  lookup: (call) =>
    (call.key !== null && first(call).fields.get(call.key)) || carried(valuesOf(first(call)), call.args),
  spread: (call) => ({ ...first(call), known: false }),
  eval: nothingOfIt(UNKNOWN),
  random: nothingOfIt(NUMBER),
}
for (const name of ['count', 'length', 'toMillis', 'millis', 'parseInteger']) {
  LIBRARY_EFFECTS[name] = nothingOfIt(WHOLE)
}
for (const name of ['exists', 'boolean', 'not', 'contains', 'type', 'keys', 'now', 'error', 'assert']) {
  LIBRARY_EFFECTS[name] = nothingOfIt(TEXT)
}
LIBRARY_EFFECTS.match = nothingOfIt(UNKNOWN)

/** The values of an object, whatever their names. */
function valuesOf(shape: Shape): Shape {
  return shape.known && shape.fields.size > 0 ? anyOf([...shape.fields.values()]) : UNKNOWN
}

/** The exact functions. What goes into `SINKS` must not have been a float. */
const MAPPING_EFFECTS: Record<string, Effect> = {
  money: nothingOfIt(MONEY),
  moneyRounded: nothingOfIt(MONEY),
  sumMoney: nothingOfIt(MONEY),
  lineMoney: nothingOfIt(MONEY),
  convert: nothingOfIt(MONEY),
  minor: nothingOfIt({ ...TEXT, money: true }),
  items: first,
  firstOf: merged,
  rows: () => rowShape(),
  code: nothingOfIt(TEXT),
  hasCodes: nothingOfIt(TEXT),
}
for (const name of ['decimal', 'decimalAdd', 'decimalSubtract', 'decimalMultiply', 'decimalDivide']) {
  MAPPING_EFFECTS[name] = texts
}
for (const name of [
  'decimalSum',
  'roundDecimal',
  'listOf',
  'words',
  'fit',
  'gidTail',
  'hash',
  'instant',
  'date',
]) {
  MAPPING_EFFECTS[name] = texts
}

/** Arguments (by place) that are amounts. */
export const SINKS: Readonly<Record<string, readonly number[]>> = {
  money: [0],
  moneyRounded: [0],
  sumMoney: [0],
  lineMoney: [0, 1],
  minor: [0],
  convert: [0, 2],
}

/** What a function of the library gives. What is not listed makes text or plain values of its arguments. */
export function libraryEffect(call: Call): Shape {
  const effect = Object.hasOwn(LIBRARY_EFFECTS, call.name) ? LIBRARY_EFFECTS[call.name]! : texts
  return effect(call)
}

/** What a function of mappings gives. */
export function mappingEffect(call: Call): Shape {
  if (Object.hasOwn(MAPPING_EFFECTS, call.name)) return MAPPING_EFFECTS[call.name]!(call)
  for (const arg of call.args) call.apply(arg, [UNKNOWN, UNKNOWN, UNKNOWN])
  return carried(UNKNOWN, call.args)
}

const ADVICE: Record<string, { en: string; zh: string }> = {
  '*': {
    en: 'Price × quantity is $lineMoney(price, quantity, $currency); other products are $decimalMultiply(a, b).',
    zh: '单价 × 数量请用 $lineMoney(price, quantity, $currency)；其他乘法请用 $decimalMultiply(a, b)。',
  },
  '/': {
    en: 'Use $minor(amount, $currency) to write minor units as a decimal, $decimalDivide(a, b, digits) to divide.',
    zh: '最小货币单位转为十进制文本请用 $minor(amount, $currency)；除法请用 $decimalDivide(a, b, digits)。',
  },
  '+': {
    en: 'Add decimal amounts with $sumMoney([a, b], $currency), or turn each into minor units with $money(…, $currency) first.',
    zh: '十进制金额相加请用 $sumMoney([a, b], $currency)，或先用 $money(…, $currency) 转为最小货币单位。',
  },
  '-': {
    en: 'Subtract minor units: $money(a, $currency) - $money(b, $currency); or decimals: $decimalSubtract(a, b).',
    zh: '请用最小货币单位相减：$money(a, $currency) - $money(b, $currency)；或十进制：$decimalSubtract(a, b)。',
  },
  $sum: {
    en: 'Use $sumMoney(values, $currency), or $decimalSum(values) where the result is a decimal.',
    zh: '请用 $sumMoney(values, $currency)；结果为十进制文本时用 $decimalSum(values)。',
  },
  $number: {
    en: 'Use $money(value, $currency) for an amount, $decimal(value) for a decimal; both take text and numbers.',
    zh: '金额请用 $money(value, $currency)，十进制数请用 $decimal(value)；两者都接受文本和数字。',
  },
  $round: {
    en: 'Use $moneyRounded(value, $currency) for an amount, $roundDecimal(value, digits) for a decimal.',
    zh: '金额请用 $moneyRounded(value, $currency)，十进制数请用 $roundDecimal(value, digits)。',
  },
}
const OTHERWISE = {
  en: 'Use the exact functions: $money, $sumMoney, $lineMoney, $decimalAdd, $decimalDivide …',
  zh: '请使用精确函数：$money、$sumMoney、$lineMoney、$decimalAdd、$decimalDivide 等。',
}

/** What to write instead of a piece of float arithmetic. */
export function adviceFor(by: string): { en: string; zh: string } {
  return ADVICE[by] ?? OTHERWISE
}

/** The literal text of a node, where it is one. */
export function literalText(node: Node | undefined): string | null {
  return node?.type === 'string' && typeof node.value === 'string' ? node.value : null
}
