/** Relay connections as Shopify serves them: opaque cursors, `first` or `last` compulsory, at most 250. */
import { GraphQLError } from 'graphql'

/** The largest page that Shopify serves (facts §1.2). */
export const MAX_PAGE = 250

/** The paging arguments of a connection field. */
export interface PageArgs {
  first?: number | null
  after?: string | null
  last?: number | null
  before?: string | null
}

/** Checks paging arguments and returns the page size. Throws GraphQLError in Shopify's manner. */
export function pageSize(args: PageArgs): number {
  const size = args.first ?? args.last
  if (size === undefined || size === null) {
    throw new GraphQLError('you must provide one of first or last', { extensions: { code: 'BAD_REQUEST' } })
  }
  if (size < 0 || size > MAX_PAGE) {
    throw new GraphQLError(`The page size must be from 0 to ${MAX_PAGE}`, {
      extensions: { code: 'BAD_REQUEST' },
    })
  }
  return size
}

/** Packs a cursor. */
export function cursorOf(content: unknown): string {
  return Buffer.from(JSON.stringify(content)).toString('base64')
}

/** Unpacks a cursor. Throws GraphQLError when it is none of ours. */
export function readCursor<T>(cursor: string): T {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64').toString('utf8')) as T
  } catch (cause) {
    throw new GraphQLError('invalid cursor', { originalError: cause as Error })
  }
}

/** One page of a list that is whole in memory; `view` makes the node. */
export function connection<T>(items: readonly T[], args: PageArgs, view: (item: T) => unknown) {
  const size = pageSize(args)
  let from = args.after ? readCursor<{ at: number }>(args.after).at + 1 : 0
  let to = args.before ? readCursor<{ at: number }>(args.before).at : items.length
  if (args.first !== undefined && args.first !== null) to = Math.min(to, from + size)
  else from = Math.max(from, to - size)
  const edges = items
    .slice(from, to)
    .map((item, i) => ({ cursor: cursorOf({ at: from + i }), node: view(item) }))
  return {
    edges,
    nodes: edges.map((e) => e.node),
    pageInfo: {
      hasNextPage: to < items.length,
      hasPreviousPage: from > 0 && items.length > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

/** A plain list field with an optional `first`. */
export function firstOf<T>(items: readonly T[], args: { first?: number | null }): readonly T[] {
  return args.first === undefined || args.first === null ? items : items.slice(0, args.first)
}

/** Builds a global id. */
export function gid(type: string, id: number): string {
  return `gid://shopify/${type}/${id}`
}
