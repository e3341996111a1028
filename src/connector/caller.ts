/**
 * Declared calls of a connection: filled in, signed, sent, read and judged; a token that is not taken any more is
 * renewed once and the call repeated.
 */
import type { Lane } from '../core/budget.ts'
import { connectorError } from '../core/errors/connector.ts'
import { parseJsonBytes } from '../core/json.ts'
import { type Failed, outcomeOfReaction, type Reactions, refusal, type Who } from './answer.ts'
import { type Client, onLane, retryAfter } from './client.ts'
import type { HttpAnswer, Outgoing } from './hooks.ts'
import type { Call } from './manifest-call.ts'
import type { AnswerManifest } from './manifest-http.ts'
import { makeRequest, type Payload, type RequestParts, type Values } from './request.ts'
import type { HeldToken, TokenKeeper } from './token.ts'
import { createJudge, type Judge, type Verdict } from './verdict.ts'
import { parseXml } from './xml.ts'

/** An answer, read and judged. */
export interface Answered {
  answer: HttpAnswer
  /** The parsed body; undefined for an empty one. */
  value: unknown
  verdict: Verdict
  /** Where it was asked: the base of all calls, and the path (with its query) under it. */
  asked: { base: string; path: string }
}

export interface SendOptions {
  call: Call
  values: Values
  signal: AbortSignal
  payload?: Payload | null
  /** Instead of the connector's usual one. */
  judge?: Judge
}

export interface Caller {
  /** Throws HttpFailure when no whole answer came, CONNECTOR_ANSWER_UNREADABLE for a 2xx that is not what the API speaks. */
  send(options: SendOptions): Promise<Answered>
  /** The same for reads: throws CONNECTOR_* of the fitting kind for whatever is no success. */
  read(options: SendOptions): Promise<Answered>
  /** An answer that is a success. Throws CONNECTOR_* for any other. */
  must(answered: Answered): Answered
  /** A judge for an operation that understands some codes differently. */
  judge(own?: AnswerManifest): Judge
}

/** What a connector's hooks do to a declared call on its way out and to its answer. `held`: null for calls that get a token. */
export interface Wire {
  encode(request: Outgoing, held: HeldToken | null): Outgoing
  decode(answer: HttpAnswer, held: HeldToken | null): HttpAnswer
}

export interface CallerOptions extends RequestParts {
  client: Client
  wire?: Wire | null
  who: Who
  tokens: TokenKeeper | null
}

/** The declared calls of a connection for whoever makes them: the lane, and the class of those that name none. */
export type CallerFor = (lane: Lane, limit?: string) => Caller

/** Made once per connection. */
export function createCaller(options: CallerOptions): CallerFor {
  return (lane, limit = 'default') => callerOf({ ...options, client: onLane(options.client, lane, limit) })
}

function callerOf(options: CallerOptions): Caller {
  const reactions: Reactions = { ...options.http.errors }
  // A status that says "not you": with a token that can be renewed it is worth one more try.
  if (options.tokens) reactions['401'] ??= 'token'
  const judge = (own?: AnswerManifest) => createJudge(reactions, own, options.http.answer)
  const usual = judge()
  const send = (given: SendOptions) => sendRenewing(options, { judge: usual, ...given })
  const must = (answered: Answered) => {
    if (!answered.verdict.ok) throw refused(answered, options.who)
    return answered
  }
  return { send, judge, must, read: async (given) => must(await send(given)) }
}

async function sendRenewing(
  options: CallerOptions,
  given: SendOptions & { judge: Judge },
): Promise<Answered> {
  const { tokens } = options
  if (!tokens) return sendOnce(options, given, null)
  const held = await tokens.current(given.signal).catch(unsent)
  const first = await sendOnce(options, given, held)
  if (first.verdict.ok || first.verdict.reaction !== 'token') return first
  return sendOnce(options, given, await tokens.renewed(held.token, given.signal).catch(unsent))
}

/** Whatever became of the request for a token: the call itself was not made (or refused), which a write must know. */
function unsent(error: unknown): never {
  if (error instanceof Error) Object.assign(error, { sent: false })
  throw error
}

/** Sends one request as it is declared. Also how tokens are got, which know no token. */
export async function sendOnce(
  { client, wire, http, settings, clock }: Omit<CallerOptions, 'tokens' | 'who'>,
  { call, values, signal, payload = null, judge }: SendOptions & { judge: Judge },
  held: HeldToken | null,
): Promise<Answered> {
  const token = held ? { token: held.token } : {}
  const made = makeRequest({ http, settings, clock }, call, { ...values, ...token }, payload)
  const { limit } = made
  const sent = await client.call({ ...(wire ? wire.encode(made, held) : made), limit, signal })
  const answer = wire ? decoded(wire, sent, held) : sent
  const value = readBody(answer, http.answers ?? 'json')
  const verdict = judge(answer.status, value)
  if (!verdict.ok && verdict.reaction === 'throttled') await client.throttled(limit, answer)
  return { answer, value, verdict, asked: { base: client.base, path: made.path } }
}

/** A 2xx that cannot be decoded is as unreadable as half an answer; an error page need not be. */
function decoded(wire: Wire, answer: HttpAnswer, held: HeldToken | null): HttpAnswer {
  if (answer.body.length === 0) return answer
  try {
    return wire.decode(answer, held)
  } catch (error) {
    if (answer.status < 200 || answer.status >= 300) return answer
    throw connectorError('CONNECTOR_ANSWER_UNREADABLE', { reason: 'it cannot be decoded' }, error)
  }
}

/** Undefined for an empty body, and for an error page: then the status alone counts. */
function readBody(answer: HttpAnswer, form: 'json' | 'xml'): unknown {
  if (answer.body.length === 0) return undefined
  const good = answer.status >= 200 && answer.status < 300
  try {
    if (form === 'json') return parseJsonBytes(answer.body)
    return parseXml(answer.body, answer.headers['content-type'])
  } catch (error) {
    if (!good) return undefined
    throw connectorError('CONNECTOR_ANSWER_UNREADABLE', { reason: `not whole ${form.toUpperCase()}` }, error)
  }
}

/** A failure as the error of a read. */
function refused({ answer, verdict }: Answered, who: Who): Error {
  const { reaction, message } = verdict as Verdict & { ok: false }
  return refusal(reaction, {
    ...who,
    status: answer.status,
    reason: message,
    retryAfter: retryAfter(answer.headers),
  })
}

/** A failure as the outcome of a write; null for success, and for `done`: what was asked for is so already. */
export function outcomeOfAnswered({ answer, verdict }: Answered): Failed | null {
  if (verdict.ok || verdict.reaction === 'done') return null
  const { reaction, code, message } = verdict
  const wait = retryAfter(answer.headers)
  return outcomeOfReaction(reaction, { code, message, ...(wait === undefined ? {} : { retryAfter: wait }) })
}
