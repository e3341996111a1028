/**
 * JSON whose numbers keep their value: identifiers beyond 2^53 and decimals beyond 15 digits become text,
 * everything else takes the fast path of `JSON.parse`.
 */

/** A run of 16 digits or an exponent somewhere: only then is the text looked at number by number. */
const SUSPECT = /\d[\d.]{15}|\d[eE][+-]?\d/

/** One JSON string or number. Strings are matched so that digits inside them are passed over. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/gs

/**
 * Parses JSON text. Used for answers of remotes and for records on their way into a mapping.
 * Throws SyntaxError for what is not JSON.
 */
export function parseJson(text: string): unknown {
  const plain = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  if (!SUSPECT.test(plain)) return JSON.parse(plain)
  // Not a reviver with `context.source`: that calls back for every value, and Node 20 has no source.
  return JSON.parse(
    plain.replace(TOKEN, (token) => (token[0] === '"' || isExact(token) ? token : `"${token}"`)),
  )
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
