/** The first text of a mapping: every field of the document, required ones first, with guesses from a sample. */
import { type DocumentField, documentFields } from './document-shape.ts'
import {
  guessCurrency,
  guessExpression,
  guessList,
  guessObject,
  guessStreets,
  type Where,
} from './skeleton-guess.ts'

export interface SkeletonOptions {
  /** The document's kind. */
  to: string
  /** Name of the source's shape: `acme/order`. */
  from: string
  /** One record as the source sends it. */
  sample: unknown
  /** How the sample is called in the comment. */
  sampleName: string
}

interface Writer {
  lines: string[]
  currency: unknown
  /** Dotted paths of required fields that have an expression. */
  filled: string[]
}

/**
 * The text of a mapping that compiles. Each line says where it comes from: `guess` by name from the sample, `fixed`
 * where a word was chosen, `missing` where a person must write it.
 */
export function mappingSkeleton({ to, from, sample, sampleName }: SkeletonOptions): string {
  const where: Where = { base: sample, path: '', within: sample, part: '' }
  const money = guessCurrency(where)
  const out: Writer = { lines: [], currency: money?.value ?? 'CNY', filled: [] }
  writeFields(out, documentFields(to)!, where, '')
  const [expression, comment] = money
    ? [money.path, 'guess']
    : ["'CNY'", 'missing: the currency of the amounts']
  const usesMoney = out.lines.some((l) => l.includes('$currency'))
  return [
    `# ${from} → ${to}. Written by "tributary mapping new" from ${sampleName.replace(/[^\p{L}\p{N} ._-]/gu, '?')}.`,
    '# guess: matched by name only, look at each. fixed: a word was chosen. missing: nothing in the sample suits.',
    '# "tributary mapping check" finds mistakes, "tributary mapping explain" shows where each value comes from.',
    `from: ${from}`,
    `to: ${to}`,
    '# What must not be empty in the result; a record without it is parked.',
    `require: [${out.filled.join(', ')}]`,
    ...(usesMoney ? ['let:', line('  currency', expression, comment)] : []),
    'fields:',
    ...out.lines.map((l) => `  ${l}`),
    '',
  ].join('\n')
}

function line(head: string, expression: string, comment: string): string {
  return `${head}: ${yamlText(expression)} # ${comment}`
}

/** Plain where YAML reads it as it stands. */
function yamlText(expression: string): string {
  return /^[A-Za-z$][\w.$(), ]*$/.test(expression) && !/^(true|false|null|yes|no)$/i.test(expression)
    ? expression
    : JSON.stringify(expression)
}

/** `above`: dotted path of the object, with a point behind it. */
function writeFields(out: Writer, fields: DocumentField[], where: Where, above: string): void {
  const left: string[] = []
  for (const field of [...fields.filter((f) => f.required), ...fields.filter((f) => !f.required)]) {
    if (!writeField(out, field, where, above)) left.push(field.name)
  }
  if (left.length > 0) out.lines.push(`# optional, nothing in the sample suits: ${left.join(', ')}`)
}

/** False when an optional field was left out. */
function writeField(out: Writer, field: DocumentField, where: Where, above: string): boolean {
  if (field.type === 'object') return writeObject(out, field, where, above)
  if (field.type === 'list') return writeList(out, field, where, above)
  const guess = expressionFor(field, where, out)
  if (guess) {
    out.lines.push(line(field.name, guess, 'guess'))
    const surely = ['text', 'instant', 'money', 'decimal'].includes(field.type)
    if (field.required && surely) out.filled.push(above + field.name)
    return true
  }
  if (field.required) out.lines.push(constantFor(field))
  return field.required
}

function expressionFor(field: DocumentField, where: Where, { currency }: Writer): string | null {
  const found = guessExpression(field, where, currency)
  if (found || field.name !== 'goods' || where.part !== '') return found
  const price = guessExpression({ name: 'unitPrice', type: 'decimal' }, where, currency)
  const quantity = guessExpression({ name: 'quantity', type: 'decimal' }, where, currency)
  const inner = (text: string) => text.slice('$decimal('.length, -1)
  return price && quantity ? `$lineMoney(${inner(price)}, ${inner(quantity)}, $currency)` : null
}

const WANTED: Partial<Record<DocumentField['type'], string>> = {
  money: 'whole minor units, $money(…, $currency)',
  decimal: 'a decimal as text, $decimal(…)',
  instant: 'an instant in UTC, $instant(…)',
}

function constantFor({ name, type, words }: DocumentField): string {
  if (type === 'word') return `${name}: "'${words[0]}'" # fixed: one of ${words.join(', ')}`
  if (type === 'boolean') return `${name}: false # fixed`
  return `${name}: ${type === 'money' && name !== 'total' ? 0 : null} # missing: ${WANTED[type] ?? 'text'}`
}

function writeObject(out: Writer, field: DocumentField, where: Where, above: string): boolean {
  const place = guessObject(field.name, where)
  const inner: Writer = { ...out, lines: [], filled: [] }
  // A source may have an object of this name for something else, and the amounts beside it.
  const beside: Where = { ...where, part: field.name }
  const within: Where = place
    ? { ...where, path: place.path, within: place.value, part: '', or: beside }
    : beside
  writeFields(inner, field.fields, within, `${above}${field.name}.`)
  if (!field.required && !inner.lines.some((l) => l.endsWith('# guess'))) return false
  // Of an object that may be missing nothing can be required.
  if (field.required) out.filled.push(...inner.filled)
  out.lines.push(`${field.name}:`)
  if (place && !field.required) out.lines.push(`  $if: ${yamlText(`$exists(${place.path})`)}`)
  if (inner.lines.every((l) => l.startsWith('#')))
    out.lines.push(`  ${field.fields[0]!.name}: null # missing: text`)
  out.lines.push(...inner.lines.map((l) => `  ${l}`))
  return true
}

function writeList(out: Writer, field: DocumentField, where: Where, above: string): boolean {
  if (field.fields.length === 0) return writeTexts(out, field, where)
  const place = guessList(field.name, where)
  if (!place) {
    if (field.required) out.lines.push(`${field.name}: [] # missing: a list, { $each: …, … }`)
    return field.required
  }
  const item: unknown = (place.value as unknown[])[0]
  const inner: Writer = { ...out, lines: [], filled: [] }
  writeFields(inner, field.fields, { base: item, path: '', within: item, part: '' }, '')
  if (field.required) out.filled.push(`${above}${field.name}`)
  out.lines.push(`${field.name}:`, `  $each: ${yamlText(place.path)} # guess`)
  out.lines.push(...inner.lines.map((l) => `  ${l}`))
  return true
}

/** A list of texts: the lines of an address. */
function writeTexts(out: Writer, field: DocumentField, where: Where): boolean {
  const streets = field.name === 'lines' ? guessStreets(where) : []
  if (streets.length === 0 && !field.required) return false
  const texts = streets.map((s) => JSON.stringify(s)).join(', ')
  out.lines.push(`${field.name}: [${texts}] # ${streets.length > 0 ? 'guess' : 'missing: texts'}`)
  return true
}
