/** What hooks may use: built once per connection by `openConnection`, handed to every hook as an argument. */
import { createHash, createHmac } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Lane } from '../core/budget.ts'
import { connectorError } from '../core/errors/connector.ts'
import { parseJson, parseJsonBytes } from '../core/json.ts'
import type { MapContext, Mapping } from '../core/ports.ts'
import { mustBeOk, outcomeOf, outcomeOfFailure, type Reactions, type Who } from './answer.ts'
import type { Client } from './client.ts'
import { crypto } from './crypto.ts'
import { createGraphql, nothingLearned } from './graphql.ts'
import type { Tools } from './hooks.ts'
import type { Pace, QueryCost } from './pace.ts'
import type { Settings } from './settings.ts'
import { encodeXml, escapeXml, illegalInXml, parseXml, xmlElement } from './xml.ts'

export interface ToolsOptions {
  connection: string
  settings: Settings
  /** Null for a connector without an address (files, inbound only). */
  client: Client | null
  /** Told what queries cost. */
  pace?: Pace | undefined
  /** What every call carries beside its own headers: credentials, a token that must be got first. */
  headers?: ((signal: AbortSignal) => Promise<Record<string, string>>) | undefined
  /** Declared calls; left out for a connector without an address. */
  ask?: ((lane: Lane, limit: string) => Tools['call']) | undefined
  reactions: Reactions
  mapping(name: string): Promise<Mapping>
  context: MapContext
  /** Told how many characters XML could not hold and were left out of a text. */
  onIllegalXml?: ((count: number) => void) | undefined
}

const NO_BASE = { en: 'http.base is not declared', zh: '没有声明 http.base' }

/** The tools of a connection for whoever calls: everything but the lane and the class of its limit is the same. */
export type ToolsFor = (lane: Lane, limit?: string) => Tools

/** Makes the tools of one connection. */
export function createTools(options: ToolsOptions): ToolsFor {
  const { connection, client, pace } = options
  const same = sameForAll(options)
  const learned = nothingLearned()
  const who: Who = { connection, host: client?.host ?? 'no host' }
  const nowhere = () => connectorError('CONNECTOR_ADDRESS', { connection, reason: NO_BASE })
  return (lane, limit = 'default') => {
    const http = async (request: Parameters<Tools['http']>[0] & { cost?: number }) => {
      if (!client) throw nowhere()
      const common = (await options.headers?.(request.signal)) ?? {}
      const headers = { ...common, ...request.headers }
      return client.call({ ...request, headers, lane, limit: request.limit ?? limit })
    }
    const call: Tools['call'] = options.ask?.(lane, limit) ?? (() => Promise.reject(nowhere()))
    const throttled = (reason: string, retryAfter?: number): never => {
      void pace?.throttled(limit, null, retryAfter)
      throw connectorError('CONNECTOR_THROTTLED', { ...who, reason, retryAfter })
    }
    const tools = { ...same, http, call, throttled }
    const spent = async (cost: QueryCost) => pace?.spent(limit, cost)
    return { ...tools, graphql: createGraphql({ ...tools, spent }, learned) }
  }
}

function sameForAll(options: ToolsOptions): Omit<Tools, 'http' | 'call' | 'graphql' | 'throttled'> {
  const { connection, client } = options
  const who: Who = { connection, host: client?.host ?? 'no host' }
  return {
    settings: options.settings,
    connection,
    crypto,
    json: (body) =>
      readAnswer(() => (typeof body === 'string' ? parseJson(body) : parseJsonBytes(body)), 'JSON'),
    xml: xmlTools(options),
    ok: (answer) => mustBeOk(answer, who, options.reactions),
    broken(reason, kind = 'transient') {
      const code = kind === 'config' ? 'CONNECTOR_ANSWER_REFUSED' : 'CONNECTOR_ANSWER_FAILED'
      throw connectorError(code, { ...who, reason })
    },
    forged(topic, reason) {
      throw connectorError('WEBHOOK_SIGNATURE', { topic, reason })
    },
    outcome: (answer) => outcomeOf(answer, options.reactions),
    failed: outcomeOfFailure,
    memory: new Map(),
    async map(name, document, push) {
      const mapping = await options.mapping(name)
      return { value: await mapping.map(document, { ...options.context, push }), version: mapping.version }
    },
    hmac: (algorithm, secret, body, encoding) => createHmac(algorithm, secret).update(body).digest(encoding),
    hash: (algorithm, body) => createHash(algorithm).update(body).digest('hex'),
    sleep: (milliseconds, signal) => wait(milliseconds, undefined, { signal }),
  }
}

function xmlTools(options: ToolsOptions): Tools['xml'] {
  const escapeText = (text: string): string => {
    const illegal = illegalInXml(text)
    if (illegal > 0) options.onIllegalXml?.(illegal)
    return escapeXml(text)
  }
  return {
    parse: (body, contentType) => readAnswer(() => parseXml(body, contentType), 'XML'),
    encode: encodeXml,
    escape: escapeText,
    element: (name, value) => xmlElement(name, value, escapeText),
  }
}

/** Reads an answer; the message says what was wrong with its form, never what it held. */
function readAnswer<T>(read: () => T, form: string): T {
  try {
    return read()
  } catch (error) {
    throw connectorError('CONNECTOR_ANSWER_UNREADABLE', { reason: `not whole ${form}` }, error)
  }
}
