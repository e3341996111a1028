/** Functions on text. Arguments are checked before; nothing gives nothing. */
import { fail } from './errors.ts'
import { checkText, meter } from './limits.ts'

type Text = string | undefined

/** True when no character needs two places. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is meant
const isNarrow = (text: string) => /^[\u0000-\ud7ff\ue000-\uffff]*$/.test(text)

/** Characters (code points) of a text. */
export function length(text: Text): number | undefined {
  if (text === undefined) return undefined
  return isNarrow(text) ? text.length : [...text].length
}

export function substring(text: Text, start: number, size?: number): Text {
  if (text === undefined) return undefined
  const narrow = isNarrow(text)
  const characters = narrow ? null : [...text]
  const count = characters ? characters.length : text.length
  const from = count + start < 0 ? 0 : start
  if (size !== undefined && size <= 0) return ''
  const to = size === undefined ? undefined : from >= 0 ? from + size : count + from + size
  return characters ? characters.slice(from, to).join('') : text.slice(from, to)
}

export function substringBefore(text: Text, mark: string): Text {
  if (text === undefined) return undefined
  const at = text.indexOf(mark)
  return at < 0 ? text : text.slice(0, at)
}

export function substringAfter(text: Text, mark: Text): Text {
  if (text === undefined) return undefined
  const at = text.indexOf(mark as string)
  return at < 0 ? text : text.slice(at + (mark as string).length)
}

export function lowercase(text: Text): Text {
  return text?.toLowerCase()
}

export function uppercase(text: Text): Text {
  return text?.toUpperCase()
}

/** White space is brought down to single spaces, none at the ends. */
export function trim(text: Text): Text {
  return text?.replace(/[ \t\n\r]+/g, ' ').replace(/^ | $/g, '')
}

export function pad(text: Text, width: number, filler?: string): Text {
  if (text === undefined) return undefined
  const whole = Math.trunc(width)
  const missing = Math.abs(whole) - length(text)!
  if (!(missing > 0)) return text
  if (missing > meter.maxCharacters) {
    fail('U1001', { reason: `a text of more than ${meter.maxCharacters} characters` })
  }
  const fill = filler === undefined || filler === '' ? ' ' : filler
  const padding =
    fill.length > 1 ? [...fill.repeat(missing)].slice(0, missing).join('') : fill.repeat(missing)
  return whole > 0 ? text + padding : padding + text
}

export function join(list: string[] | undefined, separator?: string): Text {
  return list === undefined ? undefined : checkText(list.join(separator ?? ''))
}

export function base64encode(text: Text): Text {
  return text === undefined ? undefined : Buffer.from(text, 'latin1').toString('base64')
}

export function base64decode(text: Text): Text {
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString('latin1')
}

function address(name: string, work: (text: string) => string) {
  return (text: Text): Text => {
    if (text === undefined) return undefined
    try {
      return work(text)
    } catch (error) {
      if (!(error instanceof URIError)) throw error
      return fail('D3140', { value: text, functionName: name })
    }
  }
}

export const encodeUrlComponent = address('encodeUrlComponent', encodeURIComponent)
export const encodeUrl = address('encodeUrl', encodeURI)
export const decodeUrlComponent = address('decodeUrlComponent', decodeURIComponent)
export const decodeUrl = address('decodeUrl', decodeURI)
