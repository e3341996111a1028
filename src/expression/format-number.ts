/** `$formatNumber`: numbers by a picture (XPath and XQuery Functions 3.1, section 4.7). */
import { fail } from './errors.ts'
import { round } from './numbers.ts'

const DEFAULTS = {
  'decimal-separator': '.',
  'grouping-separator': ',',
  'exponent-separator': 'e',
  'minus-sign': '-',
  percent: '%',
  'per-mille': '\u2030',
  'zero-digit': '0',
  digit: '#',
  'pattern-separator': ';',
}

interface Style {
  marks: Record<keyof typeof DEFAULTS, string>
  digits: string[]
  active: string[]
}

interface Parts {
  picture: string
  prefix: string
  suffix: string
  active: string
  mantissa: string
  exponent: string | null
  whole: string
  fraction: string
}

interface Plan {
  picture: string
  prefix: string
  suffix: string
  wholeGroups: number[]
  regular: number
  fractionGroups: number[]
  minWhole: number
  minFraction: number
  maxFraction: number
  minExponent: number
  scale: number
}

/** Throws D3080 to D3093 for a wrong picture. */
export function formatNumber(
  value: number | undefined,
  picture?: string,
  options?: object,
): string | undefined {
  if (value === undefined) return undefined
  if (picture === undefined) return fail('T0410', { index: 2 })
  const style = styleOf(options)
  const pictures = picture.split(style.marks['pattern-separator'])
  if (pictures.length > 2) fail('D3080')
  const parts = pictures.map((one) => split(one, style))
  for (const one of parts) validate(one, style)
  const plans = parts.map((one) => plan(one, style))
  const negative = plans[1] ?? { ...plans[0]!, prefix: style.marks['minus-sign'] + plans[0]!.prefix }
  return write(value, value >= 0 ? plans[0]! : negative, style)
}

function styleOf(options?: object): Style {
  const marks = { ...DEFAULTS, ...options }
  const zero = marks['zero-digit'].charCodeAt(0)
  const digits = Array.from({ length: 10 }, (_, i) => String.fromCharCode(zero + i))
  const others = [
    'decimal-separator',
    'exponent-separator',
    'grouping-separator',
    'digit',
    'pattern-separator',
  ]
  return { marks, digits, active: [...digits, ...others.map((m) => marks[m as 'digit'])] }
}

function split(picture: string, { marks, active }: Style): Parts {
  const isActive = (c: string) => active.includes(c) && c !== marks['exponent-separator']
  const characters = picture.split('')
  const first = characters.findIndex(isActive)
  const end = characters.findLastIndex(isActive)
  const prefix = first < 0 ? '' : picture.slice(0, first)
  const suffix = end < 0 ? '' : picture.slice(end + 1)
  const inner = picture.substring(prefix.length, picture.length - suffix.length)
  const at = picture.indexOf(marks['exponent-separator'], prefix.length)
  const without = at < 0 || at > picture.length - suffix.length
  const mantissa = without ? inner : inner.substring(0, at)
  const point = mantissa.indexOf(marks['decimal-separator'])
  return {
    picture,
    prefix,
    suffix,
    active: inner,
    mantissa,
    exponent: without ? null : inner.substring(at + 1),
    whole: point < 0 ? mantissa : mantissa.slice(0, point),
    fraction: point < 0 ? suffix : mantissa.slice(point + 1),
  }
}

/** The last rule that is broken names the error, as in the reference. */
function validate(parts: Parts, style: Style): void {
  const { marks, digits, active } = style
  const { picture, whole, fraction, exponent } = parts
  const twice = (mark: string) => picture.indexOf(mark) !== picture.lastIndexOf(mark)
  const isDigit = (c: string) => digits.includes(c)
  const group = marks['grouping-separator']
  const point = picture.indexOf(marks['decimal-separator'])
  const scaled = picture.includes(marks.percent) || picture.includes(marks['per-mille'])
  const optional = whole.indexOf(marks.digit)
  const lastOptional = fraction.lastIndexOf(marks.digit)
  const beside = picture.charAt(point - 1) === group || picture.charAt(point + 1) === group
  const rules: [string, boolean][] = [
    ['D3081', twice(marks['decimal-separator'])],
    ['D3082', twice(marks.percent)],
    ['D3083', twice(marks['per-mille'])],
    ['D3084', picture.includes(marks.percent) && picture.includes(marks['per-mille'])],
    ['D3085', !parts.mantissa.split('').some((c) => isDigit(c) || c === marks.digit)],
    ['D3086', parts.active.split('').some((c) => !active.includes(c))],
    ['D3087', point >= 0 && beside],
    ['D3088', point < 0 && whole.endsWith(group)],
    ['D3089', picture.includes(group + group)],
    ['D3090', optional >= 0 && whole.slice(0, optional).split('').some(isDigit)],
    ['D3091', lastOptional >= 0 && fraction.slice(lastOptional).split('').some(isDigit)],
    ['D3092', exponent !== null && exponent !== '' && scaled],
    ['D3093', exponent !== null && (exponent === '' || !exponent.split('').every(isDigit))],
  ]
  const broken = rules.findLast(([, is]) => is)
  if (broken) fail(broken[0])
}

function groups(parts: Parts, part: string, toLeft: boolean, { marks, digits }: Style): number[] {
  const separator = marks['grouping-separator']
  const found: number[] = []
  let at = part.indexOf(separator)
  while (at >= 0) {
    const beside = toLeft ? part.slice(0, at) : part.slice(at)
    found.push(beside.split('').filter((c) => digits.includes(c) || c === marks.digit).length)
    at = parts.whole.indexOf(separator, at + 1)
  }
  return found
}

/** The distance of separators when they are evenly spaced, else 0. */
export function regularDistance(positions: number[]): number {
  if (positions.length === 0) return 0
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b))
  const factor = positions.reduce(divisor)
  return positions.every((_, i) => positions.includes((i + 1) * factor)) ? factor : 0
}

function plan(parts: Parts, style: Style): Plan {
  const { marks, digits } = style
  const mandatory = (part: string) => part.split('').filter((c) => digits.includes(c)).length
  const optional = parts.fraction.split('').filter((c) => c === marks.digit).length
  const scale = mandatory(parts.whole)
  let minWhole = scale
  let minFraction = mandatory(parts.fraction)
  let maxFraction = minFraction + optional
  const hasExponent = parts.exponent !== null
  if (minWhole === 0 && maxFraction === 0) {
    if (hasExponent) {
      minFraction = 1
      maxFraction = 1
    } else minWhole = 1
  }
  if (hasExponent && minWhole === 0 && parts.whole.includes(marks.digit)) minWhole = 1
  if (minWhole === 0 && minFraction === 0) minFraction = 1
  const wholeGroups = groups(parts, parts.whole, false, style)
  return {
    picture: parts.picture,
    prefix: parts.prefix,
    suffix: parts.suffix,
    wholeGroups,
    regular: regularDistance(wholeGroups),
    fractionGroups: groups(parts, parts.fraction, true, style),
    minWhole,
    minFraction,
    maxFraction,
    minExponent: parts.exponent === null ? 0 : mandatory(parts.exponent),
    scale,
  }
}

function digitsOf(value: number, places: number, { marks, digits }: Style): string {
  const plain = Math.abs(value).toFixed(places)
  return marks['zero-digit'] === '0' ? plain : plain.replace(/[0-9]/g, (d) => digits[Number(d)]!)
}

/** Mantissa and exponent of a value for a picture with an exponent. */
function scaled(value: number, scale: number): [number, number] {
  let mantissa = value
  let exponent = 0
  if (mantissa === 0) return [0, 0]
  while (Math.abs(mantissa) < 10 ** (scale - 1)) {
    mantissa *= 10
    exponent -= 1
  }
  while (Math.abs(mantissa) > 10 ** scale) {
    mantissa /= 10
    exponent += 1
  }
  return [mantissa, exponent]
}

function write(value: number, by: Plan, style: Style): string {
  const { marks } = style
  const zero = marks['zero-digit']
  const factor = by.picture.includes(marks.percent) ? 100 : by.picture.includes(marks['per-mille']) ? 1000 : 1
  const [mantissa, exponent] =
    by.minExponent === 0 ? [value * factor, null] : scaled(value * factor, by.scale)
  const point = marks['decimal-separator']
  let shown = digitsOf(round(mantissa, by.maxFraction)!, by.maxFraction, style)
  shown = shown.includes('.') ? shown.replace('.', () => point) : shown + point
  while (shown.charAt(0) === zero) shown = shown.slice(1)
  while (shown.endsWith(zero)) shown = shown.slice(0, -1)
  shown = zero.repeat(Math.max(0, by.minWhole - shown.indexOf(point))) + shown
  shown += zero.repeat(Math.max(0, by.minFraction - (shown.length - shown.indexOf(point) - 1)))
  shown = grouped(shown, by, style)
  if (!by.picture.includes(point) || shown.indexOf(point) === shown.length - 1) shown = shown.slice(0, -1)
  if (exponent !== null) {
    const power = digitsOf(exponent, 0, style)
    const sign = exponent < 0 ? marks['minus-sign'] : ''
    shown += marks['exponent-separator'] + sign + power.padStart(by.minExponent, zero)
  }
  return by.prefix + shown + by.suffix
}

function grouped(text: string, by: Plan, { marks }: Style): string {
  const separator = marks['grouping-separator']
  const insert = (at: number) => {
    shown = shown.slice(0, at) + separator + shown.slice(at)
  }
  let shown = text
  let point = shown.indexOf(marks['decimal-separator'])
  if (by.regular > 0) {
    const count = Math.floor((point - 1) / by.regular)
    for (let group = 1; group <= count; group++) insert(point - group * by.regular)
  } else {
    for (const at of by.wholeGroups) {
      insert(point - at)
      point++
    }
  }
  point = shown.indexOf(marks['decimal-separator'])
  for (const at of by.fractionGroups) insert(at + point + 1)
  return shown
}
