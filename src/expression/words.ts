/** Whole numbers as English words, Roman numerals and spreadsheet letters, and back. */

const SMALL =
  `Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen
  Seventeen Eighteen Nineteen`.split(/\s+/)
const ORDINAL =
  `Zeroth First Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth Eleventh Twelfth Thirteenth
  Fourteenth Fifteenth Sixteenth Seventeenth Eighteenth Nineteenth`.split(/\s+/)
const TENS = 'Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety Hundred'.split(' ')
const LARGE = 'Thousand Million Billion Trillion'.split(' ')

const ieth = (word: string) => `${word.slice(0, -1)}ieth`

/** `One Hundred and Five`, `Fifth`. */
export function toWords(value: number, ordinal: boolean): string {
  return spell(value, false, ordinal)
}

function spell(value: number, follows: boolean, ordinal: boolean): string {
  if (value <= 19) return (follows ? ' and ' : '') + (ordinal ? ORDINAL : SMALL)[value]!
  if (value < 100) {
    const ten = (follows ? ' and ' : '') + TENS[Math.floor(value / 10) - 2]!
    if (value % 10 > 0) return `${ten}-${spell(value % 10, false, ordinal)}`
    return ordinal ? ieth(ten) : ten
  }
  const lead = follows ? ', ' : ''
  if (value < 1000) {
    const hundreds = `${lead}${SMALL[Math.floor(value / 100)]} Hundred`
    return hundreds + rest(value % 100, ordinal)
  }
  const magnitude = Math.min(Math.floor(Math.log10(value) / 3), LARGE.length)
  const factor = 10 ** (magnitude * 3)
  const count = Math.floor(value / factor)
  return `${lead}${spell(count, false, false)} ${LARGE[magnitude - 1]}${rest(value - count * factor, ordinal)}`
}

function rest(value: number, ordinal: boolean): string {
  if (value > 0) return spell(value, true, ordinal)
  return ordinal ? 'th' : ''
}

/** Every word by its value, in small letters. */
export const WORDS: ReadonlyMap<string, number> = wordValues()

function wordValues(): Map<string, number> {
  const found = new Map<string, number>()
  for (const [i, word] of SMALL.entries()) found.set(word.toLowerCase(), i)
  for (const [i, word] of ORDINAL.entries()) found.set(word.toLowerCase(), i)
  for (const [i, word] of TENS.entries()) {
    found.set(word.toLowerCase(), (i + 2) * 10)
    found.set(ieth(word.toLowerCase()), (i + 2) * 10)
  }
  found.set('hundredth', 100)
  for (const [i, word] of LARGE.entries()) {
    found.set(word.toLowerCase(), 10 ** ((i + 1) * 3))
    found.set(`${word.toLowerCase()}th`, 10 ** ((i + 1) * 3))
  }
  return found
}

/** Words in small letters to their value; NaN for unknown ones. */
export function fromWords(text: string): number {
  const segments = [0]
  for (const part of text.split(/,\s|\sand\s|[\s\\-]/)) {
    const value = WORDS.get(part) ?? Number.NaN
    const top = segments.pop()!
    if (!(value < 100)) segments.push(top * value)
    else if (top >= 1000) segments.push(top, value)
    else segments.push(top + value)
  }
  return segments.reduce((a, b) => a + b, 0)
}

const ROMAN: [number, string][] = [
  [1000, 'm'],
  [900, 'cm'],
  [500, 'd'],
  [400, 'cd'],
  [100, 'c'],
  [90, 'xc'],
  [50, 'l'],
  [40, 'xl'],
  [10, 'x'],
  [9, 'ix'],
  [5, 'v'],
  [4, 'iv'],
  [1, 'i'],
]
const MOST_ROMAN = 1_000_000

/** Roman numerals in small letters; the largest sign repeats. Values beyond a million stay digits. */
export function toRoman(value: number): string {
  if (value > MOST_ROMAN) return String(value)
  let left = value
  let text = ''
  for (const [worth, sign] of ROMAN) {
    for (; left >= worth; left -= worth) text += sign
  }
  return text
}

const SIGNS: Record<string, number> = { M: 1000, D: 500, C: 100, L: 50, X: 10, V: 5, I: 1 }

/** Roman numerals in capitals to their value. */
export function fromRoman(text: string): number {
  let total = 0
  let most = 1
  for (let i = text.length - 1; i >= 0; i--) {
    const value = SIGNS[text[i]!] ?? Number.NaN
    if (value < most) total -= value
    else {
      most = value
      total += value
    }
  }
  return total
}

/** 1 is `a`, 27 is `aa`; `first` is the letter for 1. */
export function toLetters(value: number, first: string): string {
  let text = ''
  for (let left = value; left > 0; left = Math.floor((left - 1) / 26)) {
    text = String.fromCharCode(((left - 1) % 26) + first.charCodeAt(0)) + text
  }
  return text
}

export function fromLetters(text: string, first: string): number {
  let total = 0
  for (let i = 0; i < text.length; i++) {
    total += (text.charCodeAt(text.length - i - 1) - first.charCodeAt(0) + 1) * 26 ** i
  }
  return total
}
