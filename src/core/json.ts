/**
 * JSON whose numbers keep their value: identifiers beyond 2^53 and decimals beyond 15 digits become text,
 * everything else takes the fast path of `JSON.parse`.
 */

/** A run of 16 digits or an exponent somewhere: only then is the text looked at number by number. */
const SUSPECT = /\d[\d.]{15}|\d[eE][+-]?\d/

/** What a double might not hold: what SUSPECT finds, from the first to the last character. */
const CANDIDATE = /-?\d[\d.]{15,}(?:[eE][+-]?\d+)?|-?\d[\d.]*[eE][+-]?\d+/g
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/**
 * Parses JSON text. Used for answers of remotes and for records on their way into a mapping.
 * Throws SyntaxError for what is not JSON.
 */
export function parseJson(text: string): unknown {
  const plain = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  if (!SUSPECT.test(plain)) return JSON.parse(plain)
  // Not a reviver with `context.source`: that calls back for every value, and Node 20 has no source.
  return JSON.parse(quoted(plain))
}

/**
 * Puts numbers that a double does not hold into quotes. Only those are looked at, and texts are passed over by their
 * quotes alone: to take every token in hand costs more than parsing. What is no JSON stays none.
 */
function quoted(text: string): string {
  let made = ''
  let from = 0
  /** Everything before is known: it is in no text that is still open. */
  let outside = 0
  for (const { 0: number, index } of text.matchAll(CANDIDATE)) {
    if (isExact(number) || !NUMBER.test(number)) continue
    for (let open = text.indexOf('"', outside); open >= 0 && open < index; open = text.indexOf('"', outside))
      outside = endOfText(text, open)
    if (index < outside) continue
    made += `${text.slice(from, index)}"${number}"`
    from = index + number.length
  }
  return made + text.slice(from)
}

/** Behind the quote that closes the text which opens here. */
function endOfText(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text[at - 1 - slashes] === '\\') slashes += 1
    if (slashes % 2 === 0) return at + 1
  }
  return text.length
}

/** Bytes must be UTF-8: a record in another charset would otherwise be mapped with replacement characters. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Parses JSON bytes. Throws SyntaxError for what is not JSON and TypeError for what is not UTF-8. */
export function parseJsonBytes(body: Buffer): unknown {
  return parseJson(utf8.decode(body))
}

/** True when a double holds the number's exact decimal value as written. */
function isExact(token: string): boolean {
  const [, digits = '', fraction = '', exponent] =
    /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token) ?? []
  const significant = (digits + fraction.replace(/0+$/, '')).replace(/^0+/, '')
  if (exponent !== undefined) return significant.length <= 15 && Math.abs(Number(exponent)) < 290
  if (/^0*$/.test(fraction)) return Number.isSafeInteger(Number(token))
  return significant.length <= 15
}
