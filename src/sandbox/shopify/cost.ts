/**
 * Query cost and throttling. Shopify publishes the idea (objects cost, scalars do not, pages cost by size)
 * but not the formula, and what it asks grows far slower than the page. Here a page of n counts as 1 + ln(n)
 * items, value objects without an id are free, and `SCALE` makes a full order query with pages of 10 cost
 * the 412 points of a recorded answer.
 */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql'

/** The most that one query may cost (facts §1.5). */
export const MAX_QUERY_COST = 1000

const SCALE = 0.45

/** What a shop's plan allows an app. */
export interface Plan {
  maximumAvailable: number
  restoreRate: number
}

/** Works out costs: `requested` from the query alone, `actual` from how many items came back. */
export interface Costs {
  requested: number
  actual(data: unknown): number
}

type Variables = Readonly<Record<string, unknown>>

interface Walk {
  schema: GraphQLSchema
  document: DocumentNode
  variables: Variables
}

/** The cost of one operation. */
export function costsOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Variables,
  operationName?: string,
): Costs {
  const operation = getOperationAST(document, operationName)
  const root = operation && schema.getRootType(operation.operation)
  if (!operation || !root) return { requested: 1, actual: () => 1 }
  // each mutation counts, however many travel together
  const base = operation.operation === 'mutation' ? 10 * operation.selectionSet.selections.length : 0
  const walk = { schema, document, variables }
  const run = (data: unknown) =>
    Math.max(1, Math.ceil(base + SCALE * costOf(walk, operation.selectionSet, root.name, data)))
  return { requested: run(undefined), actual: (data) => (data ? run(data) : 1) }
}

function costOf(walk: Walk, set: SelectionSetNode, typeName: string, data: unknown): number {
  let cost = 0
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) cost += fieldCost(walk, selection, typeName, data)
    else if (selection.kind === Kind.INLINE_FRAGMENT) {
      const name = selection.typeCondition?.name.value ?? typeName
      cost += costOf(walk, selection.selectionSet, name, data)
    } else {
      const fragment = walk.document.definitions.find(
        (d) => d.kind === Kind.FRAGMENT_DEFINITION && d.name.value === selection.name.value,
      )
      if (fragment?.kind === Kind.FRAGMENT_DEFINITION) {
        cost += costOf(walk, fragment.selectionSet, fragment.typeCondition.name.value, data)
      }
    }
  }
  return cost
}

function fieldCost(walk: Walk, field: FieldNode, typeName: string, data: unknown): number {
  const type = walk.schema.getType(typeName)
  if (!field.selectionSet || !(isObjectType(type) || isInterfaceType(type))) return 0
  const definition = type.getFields()[field.name.value]
  if (!definition) return 0
  const name = getNamedType(definition.type).name
  const key = field.alias?.value ?? field.name.value
  const value = data === undefined ? undefined : (data as Record<string, unknown> | null)?.[key]
  if (value === null) return 0
  const size = sizeOf(walk, field, value)
  const inside = Array.isArray(value) ? value[0] : value
  const children = costOf(walk, field.selectionSet, name, data === undefined ? undefined : inside)
  if (name.endsWith('Connection')) return 2 + pageFactor(size ?? 0) * children
  if (size !== undefined) return pageFactor(size) * (ownCost(walk, name) + children)
  return ownCost(walk, name) + children
}

/** Items of a page: as asked, or as they came back. Undefined where the field is not a sized list. */
function sizeOf(walk: Walk, field: FieldNode, value: unknown): number | undefined {
  const argument = field.arguments?.find((a) => a.name.value === 'first' || a.name.value === 'last')
  if (!argument) return undefined
  if (value !== undefined) {
    const of = value as { nodes?: unknown[]; edges?: unknown[] }
    return Array.isArray(value) ? value.length : (of.nodes ?? of.edges ?? []).length
  }
  if (argument.value.kind === Kind.INT) return Number(argument.value.value)
  if (argument.value.kind === Kind.VARIABLE) return Number(walk.variables[argument.value.name.value] ?? 0)
  return 0
}

function pageFactor(size: number): number {
  return size <= 1 ? size : 1 + Math.log(size)
}

/** Things with an id cost a point; money, addresses, page infos and the like are free. */
function ownCost(walk: Walk, name: string): number {
  const type = walk.schema.getType(name)
  if (!(isObjectType(type) || isInterfaceType(type)) || name.endsWith('Edge')) return 0
  return 'id' in type.getFields() ? 1 : 0
}

/** The leaky bucket of one app in one shop: fills by `restoreRate` points per second. */
export function createBucket(plan: Plan, now: () => number = Date.now) {
  let available = plan.maximumAvailable
  let at = now()
  const refill = () => {
    const t = now()
    available = Math.min(plan.maximumAvailable, available + ((t - at) / 1000) * plan.restoreRate)
    at = t
  }
  return {
    /** Takes the cost when it is there; false means throttled and takes nothing. */
    take(cost: number): boolean {
      refill()
      if (available < cost) return false
      available -= cost
      return true
    },
    /** Gives back what was requested but not used. */
    giveBack(cost: number): void {
      refill()
      available = Math.min(plan.maximumAvailable, available + cost)
    },
    /** As `extensions.cost.throttleStatus` states it. */
    status() {
      refill()
      return {
        maximumAvailable: plan.maximumAvailable,
        currentlyAvailable: Math.floor(available),
        restoreRate: plan.restoreRate,
      }
    },
  }
}
