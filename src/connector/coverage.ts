/**
 * `coverage.yaml` of a connector: which documents it carries, what proves each, and what rests on facts that nobody has
 * verified. The one home of that: the conformance kit compares it with connector.yaml and the fixtures, the commands and
 * docs/reference/connectors.md show it.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Static, Type } from 'typebox'
import { connectorError } from '../core/errors/connector.ts'
import { DOCUMENT_KINDS } from '../core/states.ts'
import { parseYaml, validateYaml } from '../core/yaml.ts'
import type { Manifest } from './manifest.ts'
import { object, optional, words } from './manifest-parts.ts'

/** What an integrator expects of a system of each kind, in the order that it is shown; `other`: nothing beforehand. */
export const ROLES = {
  shop: [
    ...['order.in', 'return.in', 'refund.in', 'product.in', 'stock.in'],
    ...['shipment.out', 'stock.out', 'refund.out', 'note.out'],
  ],
  erp: [
    ...['order.out', 'return.out', 'refund.out', 'receipt.out', 'cancellation.out'],
    ...['shipment.in', 'stock.in', 'acknowledgement.in'],
  ],
  warehouse: ['order.out', 'return.out', 'cancellation.out', 'shipment.in', 'return.in', 'stock.in'],
  other: [],
} as const satisfies Record<string, readonly string[]>
export type Role = keyof typeof ROLES

/** What an operation was tried against: recorded exchanges, a sandbox of ours, the real system. */
const Proven = words('fixture', 'sandbox', 'real')
export type Proven = Static<typeof Proven>

const Reason = Type.String({ minLength: 10 })
const CarriedSchema = Type.Union([
  object({
    proof: Type.Array(Proven, { minItems: 1, uniqueItems: true }),
    /** What of it rests on memory, or on one doubtful source alone. */
    unverified: optional(Reason),
  }),
  object({ 'not-offered': Reason }),
  object({ 'not-built': Reason }),
])
const CoverageSchema = object({
  role: words('shop', 'erp', 'warehouse', 'other'),
  carries: Type.Record(Type.String(), CarriedSchema),
})

export interface Carried {
  /** `order.in`: read from the system; `shipment.out`: written into it. */
  operation: string
  state: 'works' | 'not-offered' | 'not-built'
  proof: Proven[]
  unverified: string | null
  /** Why it is not offered or not built; null where nothing is said. */
  why: string | null
}

export interface Coverage {
  role: Role
  /** What is expected of the role first, then what else the connector carries. */
  carried: Carried[]
}

/** Notes on orders are no document of ours yet. */
const KINDS: readonly string[] = [...DOCUMENT_KINDS, 'note']

/**
 * Reads it from a connector's folder; null where there is none. What the role expects and the file does not name is not
 * built. Throws TributaryError YAML_* and CONNECTOR_COVERAGE.
 */
export async function readCoverage(folder: string): Promise<Coverage | null> {
  const file = join(folder, 'coverage.yaml')
  if (!existsSync(file)) return null
  const told = validateYaml(CoverageSchema, parseYaml(await readFile(file, 'utf8'), file)) as Static<
    typeof CoverageSchema
  >
  for (const name of Object.keys(told.carries)) {
    const [kind = '', way = '', ...rest] = name.split('.')
    if (KINDS.includes(kind) && (way === 'in' || way === 'out') && rest.length === 0) continue
    throw connectorError('CONNECTOR_COVERAGE', { file, name, kinds: KINDS.join(', ') })
  }
  const expected: readonly string[] = ROLES[told.role]
  const names = [...expected, ...Object.keys(told.carries).filter((name) => !expected.includes(name))]
  return { role: told.role, carried: names.map((name) => carried(name, told.carries[name])) }
}

function carried(operation: string, told: Static<typeof CarriedSchema> | undefined): Carried {
  const none = { operation, proof: [], unverified: null, why: null }
  if (told === undefined) return { ...none, state: 'not-built' }
  if ('proof' in told)
    return { ...none, state: 'works', proof: told.proof, unverified: told.unverified ?? null }
  if ('not-offered' in told) return { ...none, state: 'not-offered', why: told['not-offered'] }
  return { ...none, state: 'not-built', why: told['not-built'] }
}

/** What connector.yaml declares, under the names of `coverage.yaml`: operation → names of its streams, or its kind. */
export function declaredOperations({ read, write }: Manifest): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [stream, { document }] of Object.entries(read ?? {}))
    found.set(`${document}.in`, [...(found.get(`${document}.in`) ?? []), stream])
  for (const kind of Object.keys(write ?? {})) found.set(`${kind}.out`, [kind])
  return found
}
