/** `$formatInteger` and `$parseInteger`: whole numbers by a picture (XPath and XQuery Functions 3.1, section 4.6). */
import { fail } from './errors.ts'
import { regularDistance } from './format-number.ts'
import { fromLetters, fromRoman, fromWords, toLetters, toRoman, toWords, WORDS } from './words.ts'

/** A picture, read. */
export interface IntegerPicture {
  kind: 'decimal' | 'letters' | 'roman' | 'words' | 'sequence'
  case: 'upper' | 'lower' | 'title'
  ordinal: boolean
  /** The picture without modifier. */
  token: string
  zero: number
  mandatory: number
  optional: number
  /** Counted from the right. */
  separators: { position: number; character: string }[]
  /** Distance of evenly spaced separators of one kind, else 0. */
  regular: number
  /** Exact number of digits to read, where the next part follows at once. */
  width?: number
}

const NAMED: Record<string, Pick<IntegerPicture, 'kind' | 'case'>> = {
  A: { kind: 'letters', case: 'upper' },
  a: { kind: 'letters', case: 'lower' },
  I: { kind: 'roman', case: 'upper' },
  i: { kind: 'roman', case: 'lower' },
  W: { kind: 'words', case: 'upper' },
  Ww: { kind: 'words', case: 'title' },
  w: { kind: 'words', case: 'lower' },
}

/** First digits of the decimal digit families of Unicode's basic plane. */
const ZEROS = [
  0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
  0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
  0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
]

/** Throws D3131 for digits of two families, T0410 without a picture. */
export function readIntegerPicture(picture: string | undefined): IntegerPicture {
  if (picture === undefined) return fail('T0410', { index: 2 })
  const at = picture.lastIndexOf(';')
  const token = at < 0 ? picture : picture.slice(0, at)
  const found: IntegerPicture = {
    kind: 'decimal',
    case: 'lower',
    ordinal: at >= 0 && picture[at + 1] === 'o',
    token,
    zero: 0x30,
    mandatory: Number.NaN,
    optional: Number.NaN,
    separators: [],
    regular: 0,
  }
  const named = Object.hasOwn(NAMED, token) ? NAMED[token] : undefined
  return named ? { ...found, ...named } : readDigits(found)
}

function readDigits(picture: IntegerPicture): IntegerPicture {
  let zero: number | null = null
  let [mandatory, optional] = [0, 0]
  const separators: IntegerPicture['separators'] = []
  for (const character of [...picture.token].reverse()) {
    const point = character.codePointAt(0)!
    const family = ZEROS.find((z) => point >= z && point <= z + 9)
    if (family !== undefined) {
      if (zero !== null && zero !== family) fail('D3131')
      zero = family
      mandatory++
    } else if (character === '#') optional++
    else separators.push({ position: mandatory + optional, character })
  }
  if (zero === null) return { ...picture, kind: 'sequence' }
  const alike = separators.every((s) => s.character === separators[0]!.character)
  const regular = alike ? regularDistance(separators.map((s) => s.position)) : 0
  return { ...picture, zero, mandatory, optional, separators, regular }
}

/** A number by a picture that was read. Throws D3130 for numbering that is not supported. */
export function writeInteger(value: number, picture: IntegerPicture): string {
  const size = Math.abs(value)
  const text = WRITE[picture.kind](size, picture)
  return value < 0 ? `-${text}` : text
}

const WRITE: Record<IntegerPicture['kind'], (value: number, picture: IntegerPicture) => string> = {
  letters: (value, p) => toLetters(value, p.case === 'upper' ? 'A' : 'a'),
  roman: (value, p) => (p.case === 'upper' ? toRoman(value).toUpperCase() : toRoman(value)),
  words: (value, p) => {
    const text = toWords(value, p.ordinal)
    return p.case === 'upper' ? text.toUpperCase() : p.case === 'lower' ? text.toLowerCase() : text
  },
  decimal: writeDecimal,
  sequence: (_, p) => fail('D3130', { value: p.token }),
}

function writeDecimal(value: number, picture: IntegerPicture): string {
  let text = String(value).padStart(picture.mandatory || 0, '0')
  if (picture.zero !== 0x30) {
    text = [...text].map((d) => String.fromCodePoint(d.codePointAt(0)! + picture.zero - 0x30)).join('')
  }
  const insert = (position: number, character: string) => {
    const at = text.length - position
    text = text.slice(0, Math.max(0, at)) + character + text.slice(Math.max(0, at))
  }
  if (picture.regular > 0) {
    const { character } = picture.separators[0]!
    const count = Math.floor((text.length - 1) / picture.regular)
    for (let i = count; i > 0; i--) insert(i * picture.regular, character)
  } else {
    for (const { position, character } of [...picture.separators].reverse()) insert(position, character)
  }
  return picture.ordinal ? text + suffix(text) : text
}

function suffix(text: string): string {
  const ending = ({ 1: 'st', 2: 'nd', 3: 'rd' } as Record<string, string>)[text.at(-1)!]
  return !ending || (text.length > 1 && text.at(-2) === '1') ? 'th' : ending
}

/** What reads a number: the pattern that it must match, and the reading. */
export interface IntegerReader {
  pattern: string
  read(text: string): number
}

/** Throws D3130 for numbering that is not supported. */
export function integerReader(picture: IntegerPicture): IntegerReader {
  const upper = picture.case === 'upper'
  switch (picture.kind) {
    case 'letters':
      return { pattern: upper ? '[A-Z]+' : '[a-z]+', read: (t) => fromLetters(t, upper ? 'A' : 'a') }
    case 'roman':
      return {
        pattern: upper ? '[MDCLXVI]+' : '[mdclxvi]+',
        read: (t) => fromRoman(upper ? t : t.toUpperCase()),
      }
    case 'words':
      return { pattern: wordPattern, read: (t) => fromWords(t.toLowerCase()) }
    case 'decimal': {
      const width = picture.width ? `{${picture.width}}` : '+'
      return {
        pattern: `[0-9]${width}${picture.ordinal ? '(?:th|st|nd|rd)' : ''}`,
        read: decimalReader(picture),
      }
    }
    default:
      return fail('D3130', { value: picture.token })
  }
}

const wordPattern = `(?:${[...WORDS.keys(), 'and', '[\\-, ]'].join('|')})+`

function decimalReader(picture: IntegerPicture) {
  return (text: string): number => {
    let digits = picture.ordinal ? text.slice(0, -2) : text
    const separators = picture.regular > 0 ? [','] : picture.separators.map((s) => s.character)
    for (const separator of separators) digits = digits.split(separator).join('')
    if (picture.zero !== 0x30) {
      digits = digits
        .split('')
        .map((d) => String.fromCodePoint(Math.max(0, d.codePointAt(0)! - picture.zero + 0x30)))
        .join('')
    }
    return Number.parseInt(digits, 10)
  }
}

export function formatInteger(value: number | undefined, picture?: string): string | undefined {
  return value === undefined ? undefined : writeInteger(Math.floor(value), readIntegerPicture(picture))
}

export function parseInteger(text: string | undefined, picture?: string): number | undefined {
  return text === undefined ? undefined : integerReader(readIntegerPicture(picture)).read(text)
}
