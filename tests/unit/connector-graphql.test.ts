/** What a mutation's answer proves, by `tools.graphql.change`. */
import { describe, expect, it } from 'vitest'
import { outcomeOf, outcomeOfFailure } from '../../src/connector/answer.ts'
import { failure } from '../../src/connector/client.ts'
import { type CostTools, createGraphql, nothingLearned } from '../../src/connector/graphql.ts'
import type { QueryCost } from '../../src/connector/pace.ts'

const signal = new AbortController().signal
const request = { path: '/graphql.json', query: 'mutation { done }', variables: { a: 1 }, signal }

/** Answers one after the other: a body, a status with a body, or a failure. */
function tools(...answers: (object | [number, string] | Error)[]) {
  const sent: { body: string; cost: number }[] = []
  const spent: QueryCost[] = []
  const made = {
    async http({ body, cost }: { body: string; cost: number }) {
      sent.push({ body, cost })
      const answer = answers[Math.min(sent.length, answers.length) - 1]!
      if (answer instanceof Error) throw answer
      const [status, text] = Array.isArray(answer) ? answer : [200, JSON.stringify(answer)]
      return { status, headers: {}, body: Buffer.from(text) }
    },
    json: (body: Buffer) => JSON.parse(body.toString()),
    outcome: (answer: Parameters<typeof outcomeOf>[0]) => outcomeOf(answer, {}),
    failed: outcomeOfFailure,
    spent: async (cost: QueryCost) => {
      spent.push(cost)
    },
  }
  return { graphql: createGraphql(made as unknown as CostTools, nothingLearned()), sent, spent }
}

const error = (code?: string, more: object = {}) => ({
  errors: [{ message: 'no', ...(code ? { extensions: { code } } : {}), ...more }],
})

describe('a mutation', () => {
  it.each<[string, object | [number, string] | Error, object]>([
    ['data', { data: { done: 1 } }, { data: { done: 1 } }],
    [
      'data with a part that failed',
      { data: { m0: null, m1: {} }, ...error('X') },
      { data: { m0: null, m1: {} } },
    ],
    ['no access', error('ACCESS_DENIED'), { failed: { kind: 'not-done', pause: true } }],
    [
      'a query that is not valid',
      error('undefinedField'),
      { failed: { kind: 'refused', code: 'undefinedField' } },
    ],
    ['a parser that says where', error(undefined, { locations: [] }), { failed: { kind: 'refused' } }],
    ['a query that is too dear', error('MAX_COST_EXCEEDED'), { failed: { kind: 'refused' } }],
    ['an error inside', error('INTERNAL_SERVER_ERROR'), { failed: { kind: 'unknown' } }],
    ['an error of no kind', error(), { failed: { kind: 'unknown', code: 'GRAPHQL' } }],
    ['nothing at all', {}, { failed: { kind: 'unknown' } }],
    ['401', [401, ''], { failed: { kind: 'not-done', pause: true } }],
    ['429', [429, ''], { failed: { kind: 'not-done' } }],
    ['422', [422, ''], { failed: { kind: 'refused' } }],
    ['500', [500, ''], { failed: { kind: 'unknown', code: 'HTTP_500' } }],
    ['a reset', failure('ECONNRESET', true), { failed: { kind: 'unknown', code: 'ECONNRESET' } }],
    ['nobody there', failure('ECONNREFUSED', false), { failed: { kind: 'not-done' } }],
  ])('that is answered with %s', async (_, answer, proves) => {
    const { graphql, sent } = tools(answer)
    expect(await graphql.change(request)).toMatchObject(proves)
    expect(sent.map((s) => JSON.parse(s.body))).toEqual([{ query: request.query, variables: { a: 1 } }])
  })

  it('that was throttled is sent again when its turn has come, for nothing ran; what it costs is told', async () => {
    const cost = (actualQueryCost: number | null) => {
      const throttleStatus = { maximumAvailable: 2000, currentlyAvailable: 5, restoreRate: 100 }
      return { extensions: { cost: { requestedQueryCost: 30, actualQueryCost, throttleStatus } } }
    }
    const { graphql, sent, spent } = tools(
      { ...error('THROTTLED'), ...cost(null) },
      { data: {}, ...cost(12) },
    )
    expect(await graphql.change(request)).toEqual({ data: {} })
    expect(sent.map((s) => s.cost)).toEqual([200, 30])
    expect(spent.map((s) => s.actual)).toEqual([null, 12])
  })

  it('that is throttled for ever was not done', async () => {
    const { graphql, sent } = tools(error('THROTTLED'))
    expect(await graphql.change(request)).toMatchObject({ failed: { kind: 'not-done', code: 'THROTTLED' } })
    expect(sent).toHaveLength(21)
  })
})
