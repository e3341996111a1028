/**
 * What every document must be before it enters the ledger: valid by its schema.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import { type Documents, SCHEMAS } from '../core/documents/schemas.ts'
import { type Phrase, shapeOf } from '../core/errors/error.ts'
import { recordError } from '../core/errors/record.ts'
import type { DocumentKind, FieldOrigin } from '../core/ports.ts'

const ajv = new Ajv({ strict: false, verbose: true })
formats.default(ajv)
const validators = new Map<DocumentKind, ValidateFunction>()

/** Compiled when its kind is first met: most installations meet few. */
function validatorOf(kind: DocumentKind): ValidateFunction {
  const known = validators.get(kind)
  if (known) return known
  const made = ajv.compile(SCHEMAS[kind])
  validators.set(kind, made)
  return made
}

/**
 * Called on what a mapping made, after the pipe has filled in `connection` and `entity`. Throws TributaryError
 * RECORD_NO_SKU naming the line ids, or RECORD_INVALID naming the first wrong field, what is wrong and the
 * shape that was found (never the value). `origin` says where a field came from (`Mapping.origin`); then the
 * message names the line of the mapping and the path of the record too.
 */
export function validateDocument<K extends DocumentKind>(
  kind: K,
  value: unknown,
  origin?: (field: string) => FieldOrigin | null,
): Documents[K] {
  if (kind === 'order') requireSkus(value)
  const validate = validatorOf(kind)
  if (validate(value)) return value as Documents[K]
  const { field, problem, shape } = complaint(validate.errors ?? [])
  const from = origin?.(field) ?? null
  throw recordError('RECORD_INVALID', {
    document: kind,
    field,
    problem,
    shape,
    origin: from ? told(from) : '',
  })
}

function told({ file, line, expression, read }: FieldOrigin): Phrase {
  const [en, zh] = read === '' ? ['', ''] : [read.en, read.zh]
  return { en: ` (${file}:${line}: ${expression}${en})`, zh: `（${file}:${line}：${expression}${zh}）` }
}

/** Orders whose lines have no SKU are the commonest thing a person must mend, so they have a code of their own. */
function requireSkus(value: unknown): void {
  const lines = (value as { lines?: unknown } | null)?.lines
  if (!Array.isArray(lines)) return
  const without = (lines as { sku?: unknown; externalId?: unknown }[])
    .filter((l) => l?.sku === undefined || l?.sku === null || l?.sku === '')
    .map((l) => String(l?.externalId ?? '?'))
  if (without.length === 0) return
  const lineIds = without.slice(0, 20).join(', ') + (without.length > 20 ? ', …' : '')
  throw recordError('RECORD_NO_SKU', { count: without.length, lines: lineIds })
}

/** The innermost complaint: of a union's branches the one that got furthest says what is really wrong. */
function complaint(errors: ErrorObject[]): { field: string; problem: string; shape: string } {
  const depth = (e: ErrorObject) => e.instancePath.split('/').length
  const best = errors.reduce((a, b) => (depth(b) > depth(a) ? b : a), errors[0]!)
  const parts = best.instancePath.split('/').slice(1)
  if (best.keyword === 'required') parts.push(String(best.params.missingProperty))
  if (best.keyword === 'additionalProperties') parts.push(String(best.params.additionalProperty))
  const allowed = errors.filter((e) => e.keyword === 'const' && e.instancePath === best.instancePath)
  const problem =
    best.keyword === 'required'
      ? 'is missing'
      : allowed.length > 0
        ? `must be one of ${allowed.map((e) => String(e.params.allowedValue)).join(', ')}`
        : (best.message ?? best.keyword)
  const found = best.keyword === 'required' ? undefined : best.data
  return { field: parts.join('.') || 'the document', problem, shape: shapeOf(found) }
}
