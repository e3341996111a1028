/** Messages as text: a title and lines, short enough for the channel. Pure. */
import type { Notice, Style } from './channel.ts'

/** A message before it is put into the channel's own shape. */
export interface Message {
  title: string
  lines: string[]
  /** The worst of it: what colour it gets. */
  tone: 'red' | 'yellow' | 'green'
}

const WORDS = {
  en: {
    red: 'red',
    yellow: 'yellow',
    test: 'test',
    closed: 'over',
    reminder: 'still',
    since: (from: string) => `since ${from}`,
    lasted: (from: string, to: string) => `from ${from} to ${to}`,
    several: (count: number) => `${count} messages`,
    more: (count: number) => `… and ${count} more: tributary alerts list`,
    stop: (cause: string) => `Be silent about it: tributary alerts mute ${cause} --for 4h`,
  },
  zh: {
    red: '严重',
    yellow: '注意',
    test: '测试',
    closed: '已恢复',
    reminder: '仍未恢复',
    since: (from: string) => `自 ${from} 起`,
    lasted: (from: string, to: string) => `${from} 至 ${to}`,
    several: (count: number) => `${count} 条消息`,
    more: (count: number) => `…… 另有 ${count} 条：tributary alerts list`,
    stop: (cause: string) => `暂不提醒：tributary alerts mute ${cause} --for 4h`,
  },
}

/** `2026-03-01 16:05` on the clock of a zone. */
function clock(at: Date, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(
    at,
  )
}

/** Keys and codes come from outside: no line breaks, nothing that a chat would take for markup. */
export function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replaceAll('<', '‹')
    .replaceAll('>', '›')
    .replaceAll('*', '∗')
    .replaceAll('[', '(')
    .replaceAll(']', ')')
    .replaceAll('`', "'")
    .slice(0, 600)
}

/** `[red]`, `[red, still]`, `[over]`. */
function mark({ event, level }: Notice, language: Style['language']): string {
  const words = WORDS[language]
  if (event === 'test') return `[${words.test}]`
  if (event === 'closed') return `[${words.closed}]`
  return event === 'reminder' ? `[${words[level]}, ${words.reminder}]` : `[${words[level]}]`
}

function span({ event, openedAt, closedAt }: Notice, { language, zone }: Style): string {
  const words = WORDS[language]
  const from = clock(openedAt, zone)
  return event === 'closed' && closedAt ? words.lasted(from, clock(closedAt, zone)) : words.since(from)
}

const toneOf = ({ event, level }: Notice): Message['tone'] =>
  event === 'closed' || event === 'test' ? 'green' : level

/** One notice in full. Every title begins with "Tributary", which robots can be told to ask for. */
function single(notice: Notice, style: Style): Message {
  const { language } = style
  const done = notice.event === 'closed' || notice.event === 'test'
  return {
    title: `Tributary ${mark(notice, language)} ${plain(notice.cause)}`,
    lines: [
      plain(notice.say[language]),
      ...(notice.event === 'test' ? [] : [span(notice, style)]),
      ...(done ? [] : [plain(notice.fix[language]), WORDS[language].stop(plain(notice.cause))]),
    ],
    tone: toneOf(notice),
  }
}

/** Several in one, a line each, the worst first. */
function folded(notices: Notice[], style: Style): Message {
  const { language } = style
  const rank = { red: 0, yellow: 1, green: 2 }
  const sorted = [...notices].sort((a, b) => rank[toneOf(a)] - rank[toneOf(b)])
  return {
    title: `Tributary: ${WORDS[language].several(notices.length)}`,
    lines: sorted.map((n) => `${mark(n, language)} ${plain(n.say[language])} (${span(n, style)})`),
    tone: toneOf(sorted[0]!),
  }
}

/**
 * The text of one or several notices. `most`: bytes that title and lines may take together; what does not fit is
 * counted and left out.
 */
export function messageOf(notices: Notice[], style: Style, most: number): Message {
  const whole = notices.length === 1 ? single(notices[0]!, style) : folded(notices, style)
  const size = (text: string) => Buffer.byteLength(text) + 8
  const rest = WORDS[style.language].more(whole.lines.length)
  let left = most - size(whole.title) - size(rest)
  const lines: string[] = []
  for (const line of whole.lines) {
    left -= size(line)
    if (left < 0) break
    lines.push(line)
  }
  const cut = whole.lines.length - lines.length
  return { ...whole, lines: cut > 0 ? [...lines, WORDS[style.language].more(cut)] : lines }
}
