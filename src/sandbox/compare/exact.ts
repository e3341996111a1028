/**
 * The comparer's own exact arithmetic. On purpose not shared with the product: a mistake there must not hide
 * itself here.
 */

/** A decimal as whole units of 10^-scale. */
export interface Exact {
  units: bigint
  scale: number
}

/** Digits of a currency's minor unit, for the currencies that the generator deals in. */
export function digitsOf(currency: string): number {
  if (currency === 'JPY' || currency === 'KRW') return 0
  return currency === 'KWD' || currency === 'BHD' ? 3 : 2
}

/** Reads a plain decimal ("-12.50"); null when the text is none. */
export function exact(text: string | undefined | null): Exact | null {
  const m = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec((text ?? '').trim())
  if (!m) return null
  const fraction = m[3] ?? ''
  const units = BigInt(m[2]! + fraction)
  return { units: m[1] === '-' ? -units : units, scale: fraction.length }
}

/** Minor units as an exact decimal. */
export function ofMinor(minor: number, digits: number): Exact {
  return { units: BigInt(minor), scale: digits }
}

/** True when both are the same number, whatever their digits. */
export function same(a: Exact, b: Exact): boolean {
  return a.units * 10n ** BigInt(b.scale) === b.units * 10n ** BigInt(a.scale)
}

/** The sum. */
export function plus(a: Exact, b: Exact): Exact {
  const scale = Math.max(a.scale, b.scale)
  const lift = (x: Exact) => x.units * 10n ** BigInt(scale - x.scale)
  return { units: lift(a) + lift(b), scale }
}

/** The product, rounded half away from zero to `digits`. */
export function timesRounded(a: Exact, b: Exact, digits: number): Exact {
  const units = a.units * b.units
  const scale = a.scale + b.scale
  if (scale <= digits) return { units: units * 10n ** BigInt(digits - scale), scale: digits }
  const divisor = 10n ** BigInt(scale - digits)
  const positive = units < 0n ? -units : units
  const rounded = (positive + divisor / 2n) / divisor
  return { units: units < 0n ? -rounded : rounded, scale: digits }
}

/** The number as text, all its digits. */
export function show(a: Exact): string {
  const digits = (a.units < 0n ? -a.units : a.units).toString().padStart(a.scale + 1, '0')
  const cut = digits.length - a.scale
  const text = a.scale === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`
  return a.units < 0n ? `-${text}` : text
}
