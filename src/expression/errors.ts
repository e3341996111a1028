/** What an expression throws: an error with JSONata's code, position and token. */

/** An error of an expression; `code` is JSONata's. */
export class ExpressionError extends Error {
  readonly code: string
  /** Character of the source up to which the failing part was read. */
  position: number | undefined
  /** The operator or the function's name. */
  token: string | undefined
  readonly value: unknown
  /** More of what the reference gives with a code: `index` of the argument, `exp`, `value2`, `type`, … */
  readonly detail: Readonly<Record<string, unknown>>

  constructor(code: string, detail: Record<string, unknown> = {}, cause?: unknown) {
    super(typeof detail.message === 'string' ? detail.message : '', { cause })
    this.name = 'ExpressionError'
    this.code = code
    this.value = detail.value
    this.position = detail.position as number | undefined
    this.token = detail.token as string | undefined
    this.detail = detail
    if (typeof detail.message !== 'string') {
      // The text names token and index, which may be known only when the error passes the call.
      Object.defineProperty(this, 'message', { get: () => describe(this), configurable: true })
    }
  }
}

/** Throws an ExpressionError. */
export function fail(code: string, detail?: Record<string, unknown>): never {
  throw new ExpressionError(code, detail)
}

/** What the parser and the signature checker throw are plain objects; this makes errors of them. */
export function toExpressionError(thrown: unknown): Error {
  if (thrown instanceof Error && !('code' in thrown && 'position' in thrown)) return thrown
  if (typeof thrown !== 'object' || thrown === null) return new Error(String(thrown))
  if (thrown instanceof ExpressionError) return thrown
  const { code, stack: _, ...detail } = thrown as Record<string, unknown>
  return typeof code === 'string' ? new ExpressionError(code, detail) : new Error(String(detail.message))
}

const TEXTS: Record<string, string> = {
  S0500: 'the expression has syntax errors',
  T0410: 'argument {index} of function {token} is not of the type that its signature asks for',
  T0411: 'the context value cannot stand for argument {index} of function {token}',
  T0412: 'argument {index} of function {token} must be a list of {type}',
  D1001: 'number out of range: {value}',
  D1002: 'cannot negate what is not a number: {value}',
  T1003: 'a key of an object must be text, found {value}',
  D1004: 'the regular expression matches empty text',
  T1005: 'this is not a function; did you mean ${token}?',
  T1006: 'this is not a function',
  T1007: 'this is not a function that could be applied in part; did you mean ${token}?',
  T1008: 'this is not a function that could be applied in part',
  D1009: 'two entries of an object have the key {value}',
  T1010: 'the matcher given to {token} does not answer with a match',
  D1013: 'keys that start with _jsonata_ are reserved: {value}',
  T2001: 'the left side of {token} must be a number',
  T2002: 'the right side of {token} must be a number',
  T2003: 'the left side of .. must be a whole number',
  T2004: 'the right side of .. must be a whole number',
  T2006: 'the right side of ~> must be a function',
  T2007: 'the values {value} and {value2} cannot be put in order: they differ in type',
  T2008: 'what a list is ordered by must be numbers or text',
  T2009: 'the values {value} and {value2} on the sides of {token} must be of one type',
  T2010: 'both sides of {token} must be numbers or text',
  T2011: 'the update of a transformation must be an object: {value}',
  T2012: 'what a transformation deletes must be text or a list of text: {value}',
  T2013: 'a transformation needs $clone, which stands for something else here',
  D2014: 'a range may have at most {limit} items, not {value}',
  D2015: 'a list may have at most {limit} items',
  D3001: 'infinite and undefined numbers have no text',
  D3010: 'the second argument of $replace must not be empty',
  D3011: 'the fourth argument of $replace must not be negative',
  D3012: 'what $replace puts in must be text',
  D3020: 'the third argument of $split must not be negative',
  D3030: 'cannot make a number of {value}',
  D3040: 'the third argument of $match must not be negative',
  D3050: 'the function given to $reduce must take at least two arguments',
  D3060: 'no square root of a negative number: {value}',
  D3061: 'the power is out of range: base {value}, exponent {exp}',
  D3070: '$sort without a function takes only numbers or only text',
  D3080: 'a picture has at most two parts',
  D3081: 'a picture part has at most one decimal separator',
  D3082: 'a picture part has at most one percent sign',
  D3083: 'a picture part has at most one per-mille sign',
  D3084: 'a picture part has a percent or a per-mille sign, not both',
  D3085: 'a picture part needs a digit',
  D3086: 'a picture part has plain characters only at its ends',
  D3087: 'a grouping separator must not stand beside the decimal separator',
  D3088: 'a grouping separator must not end the whole part of a picture',
  D3089: 'two grouping separators must not stand side by side',
  D3090: 'in the whole part optional digits stand before mandatory ones',
  D3091: 'in the fraction optional digits stand after mandatory ones',
  D3092: 'a picture part with a percent or per-mille sign has no exponent',
  D3093: 'the exponent of a picture has only digits',
  D3100: 'the base must be from 2 to 36, not {value}',
  D3110: '$toMillis takes ISO 8601 text, found {value}',
  D3120: 'the text given to $eval is not an expression: {value}',
  D3121: 'the expression given to $eval failed: {value}',
  D3130: 'numbering that starts with {value} is not supported',
  D3131: 'the digits of a picture must be of one family',
  D3132: 'unknown component {value} in a date picture',
  D3133: 'only months and days have names, not {value}',
  D3134: 'a time zone has at most four digits',
  D3135: 'a bracket of the date picture is not closed',
  D3136: 'the date picture lacks what is needed to read a time',
  D3138: '$single found more than one item',
  D3139: '$single found no item',
  D3140: 'malformed address given to ${functionName}: {value}',
  U1001: 'the expression was stopped: {reason}',
  U1002: 'the regular expression was refused: {reason}',
}

function describe(error: ExpressionError): string {
  const text = TEXTS[error.code]
  if (text === undefined) return error.code
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = name === 'token' ? error.token : error.detail[name]
    return typeof value === 'string' && name !== 'value' ? value : (JSON.stringify(value) ?? String(value))
  })
}
