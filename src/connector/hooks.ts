/**
 * The one public entry for plug-ins, exported as `tributary/hooks`. A connector's `hooks.ts` is a plain
 * object: `export default { … } satisfies Hooks` with `import type … from 'tributary/hooks'` and nothing
 * else; everything it may use arrives in the `Tools` argument. No classes, no side effects on import.
 */
import type { FindAnswer, Outcome, Remote } from '../core/outcome.ts'
import type {
  Page,
  PageRequest,
  RawRecord,
  Rendered,
  SourceCount,
  WebhookDelivery,
  WriteItem,
} from '../core/ports.ts'

export type {
  FindAnswer,
  Outcome,
  Page,
  PageRequest,
  RawRecord,
  Remote,
  Rendered,
  SourceCount,
  WebhookDelivery,
  WriteItem,
}

/** An HTTP answer, body as bytes, whatever the status. */
export interface HttpAnswer {
  status: number
  headers: Record<string, string>
  body: Buffer
}

/**
 * Thrown by `Tools.http` when no whole answer came. `sent` tells what is provable: false means that nothing
 * can have reached the remote (name not found, connection refused, TLS failure); true means it may have.
 */
export interface HttpFailure extends Error {
  sent: boolean
  code: string
  /** Not sent because its budget is used up for so long. Milliseconds. */
  retryAfter?: number
}

/** One request as it will travel; `path` with its query. */
export interface Outgoing {
  method: string
  path: string
  headers?: Record<string, string>
  body?: Buffer | string
}

/** A call as `connector.yaml` declares one: one verb, templates everywhere (connectors/README.md). */
export interface DeclaredCall {
  get?: string
  post?: string
  put?: string
  patch?: string
  delete?: string
  headers?: Record<string, string>
  query?: Record<string, unknown>
  form?: Record<string, unknown>
  json?: unknown
}

/** Cryptography for protocols that sign and seal in ways of their own. */
export interface Crypto {
  digest(algorithm: 'md5' | 'sha1' | 'sha256', data: Buffer | string): Buffer
  /** RSA with a public key (Base64 of its SPKI form), in blocks of `block` bytes. Throws TypeError for what is no key. */
  rsa(data: string, publicKey: string, padding: 'oaep-sha256' | 'pkcs1', block: number): Buffer
  /** AES-256 in counter mode, which is its own inverse. Throws RangeError for a wrong length of key or counter. */
  aesCtr(data: Buffer, key: Buffer, counter: Buffer): Buffer
  /** Opens AES-256 in CBC mode; the padding is left on. Throws RangeError for a wrong length of key, iv or data. */
  aesCbcOpen(data: Buffer, key: Buffer, iv: Buffer): Buffer
  /** Whether two texts are the same, in a time that does not tell where they differ. */
  same(a: string, b: string): boolean
  gzip(data: Buffer): Buffer
  /** Throws for what is not gzip, or unpacks to more than 64 MiB. */
  gunzip(data: Buffer): Buffer
}

/** One page of a GraphQL connection. */
export interface GraphPage {
  pageInfo?: { hasNextPage: boolean; endCursor?: string | null }
  nodes: Record<string, unknown>[]
}

/** GraphQL over HTTP, with query cost where the server states it (Shopify: `extensions.cost`). */
export interface Graphql {
  /**
   * Posts one query and returns its data. Waits until its cost is there (`announced: shopify-cost`), and asks
   * again when it was throttled all the same. `sized` is the first value of the variable `first`, which then
   * follows what one query may cost. Fields named in `newer` are left out once the server says that it does not
   * know them. Throws for errors inside a 200.
   */
  ask(request: {
    path: string
    query: string
    variables?: Record<string, unknown>
    sized?: number | undefined
    newer?: string[]
    signal: AbortSignal
  }): Promise<Record<string, unknown>>
  /**
   * Posts a mutation and says what its answer proves; never throws for the remote's failures. It is sent once, but
   * again when it was throttled, for then nothing ran. `data` may lack what errors inside it took: null proves nothing.
   */
  change(request: {
    path: string
    query: string
    variables?: Record<string, unknown>
    signal: AbortSignal
  }): Promise<{ data: Record<string, unknown> } | { failed: Exclude<Outcome, { kind: 'done' }> }>
  /** What `first` of a sized query is at present; undefined before it was asked. */
  size(query: string): number | undefined
  /** All nodes of a connection whose first page is known; null as soon as `next` gives null. */
  rest(
    first: GraphPage,
    next: (after: string) => Promise<GraphPage | null>,
  ): Promise<GraphPage['nodes'] | null>
}

export interface Tools {
  settings: Record<string, unknown>
  connection: string
  /**
   * One HTTP call: keep-alive, proxy, size limit, redacted logging. `path` is relative to the manifest's base.
   * It waits for its turn where the manifest declares limits. `limit`: the class of its limit, where it is not
   * that of the stream or write.
   */
  http(request: {
    method: string
    path: string
    headers?: Record<string, string>
    body?: Buffer | string
    limit?: string
    signal: AbortSignal
  }): Promise<HttpAnswer>
  /**
   * A declared call: its templates filled in from `values` and the settings, signed, with its token, judged by
   * `http.answer`. Gives the parsed answer of a success; throws an error of the fitting kind for anything else.
   */
  call(call: DeclaredCall, values: Record<string, unknown>, signal: AbortSignal): Promise<unknown>
  crypto: Crypto
  /** Parses JSON; identifiers beyond 2^53 and decimals beyond 15 digits become text. */
  json(body: Buffer | string): unknown
  graphql: Graphql
  /** XML as a tree of plain objects (attributes as `@name`), charset from the declaration first. */
  xml: {
    parse(body: Buffer, contentType?: string): Record<string, unknown>
    /** Characters that the charset cannot write become numeric references; nothing is lost. */
    encode(text: string, charset: string): Buffer
    escape(text: string): string
    /**
     * One element of a tree as `parse` gives it: keys that begin with @ are attributes, lists are repeated
     * elements, what is undefined, null or '' is left out.
     */
    element(name: string, value: unknown): string
  }
  /** For reads: returns an answer of status 2xx, throws an error of the fitting kind for any other. */
  ok(answer: HttpAnswer): HttpAnswer
  /** For reads: throws that the remote asks to slow down (then the whole page is tried again later). */
  throttled(reason: string, retryAfter?: number): never
  /** For reads: throws that the remote answered with an error of its own inside a 200. */
  broken(reason: string, kind?: 'transient' | 'config'): never
  /** For webhooks whose proof only a hook can check: throws that a delivery is not the sender's. */
  forged(topic: string, reason: string): never
  /** For writes: what a status other than 2xx proves; null for 2xx, whose body the hook reads itself. */
  outcome(answer: HttpAnswer): Exclude<Outcome, { kind: 'done' }> | null
  /** Folds a thrown HttpFailure into an outcome: not sent → not-done, otherwise unknown. */
  failed(error: unknown): Exclude<Outcome, { kind: 'done' }>
  /** Remembers plain values between calls of this process (session tokens, looked-up ids). */
  memory: Map<string, unknown>
  /** Runs a mapping of this connector by file name (`order.out`) on a document. */
  map(
    name: string,
    document: unknown,
    push: { key: string; revision: number; previous?: Remote | null },
  ): Promise<{ value: unknown; version: string }>
  hmac(algorithm: 'sha256' | 'sha1', secret: string, body: Buffer, encoding: 'base64' | 'hex'): string
  hash(algorithm: 'md5' | 'sha256', body: Buffer | string): string
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>
}

export interface StreamHooks {
  page?(request: PageRequest, tools: Tools, signal: AbortSignal): Promise<Page>
  fetch?(ids: string[], tools: Tools, signal: AbortSignal): Promise<RawRecord[]>
  /** How many records `page` would give for [since, until); null where it cannot be told. */
  count?(window: { since: Date; until: Date }, tools: Tools, signal: AbortSignal): Promise<SourceCount | null>
  /**
   * What is made of the records of a page, or (request: null) of a fetch, before they are kept: joins what another
   * call tells, leaves out what is not ours. Page and fetch must give the same for the same.
   */
  refine?(
    records: RawRecord[],
    request: PageRequest | null,
    tools: Tools,
    signal: AbortSignal,
  ): Promise<RawRecord[]>
}

export interface WriteHooks {
  render?(
    document: unknown,
    context: { key: string; revision: number; previous: Remote | null },
    tools: Tools,
  ): Promise<Rendered>
  write?(items: WriteItem[], tools: Tools, signal: AbortSignal): Promise<Outcome[]>
  find?(item: WriteItem, tools: Tools, signal: AbortSignal): Promise<FindAnswer>
  advance?(item: WriteItem, remote: Remote, tools: Tools, signal: AbortSignal): Promise<Outcome>
  discard?(item: WriteItem, remote: Remote, tools: Tools, signal: AbortSignal): Promise<Outcome>
}

/**
 * What declared calls (of tokens too) need beyond templates and `http.sign`. `held`: the token that the call carries
 * and what came with it (`http.token.extra`); null for a call that gets a token. Neither may wait for anything.
 */
export interface HttpHooks {
  /** The last hand at a request, after templates and signature: signs, seals, packs. Throws only where it cannot. */
  encode?(
    request: Outgoing,
    held: { token: string; extra?: Record<string, string> } | null,
    tools: Tools,
  ): Outgoing
  /** The first at an answer with a body, whatever its status. Throws for a body that cannot be opened. */
  decode?(
    answer: HttpAnswer,
    held: { token: string; extra?: Record<string, string> } | null,
    tools: Tools,
  ): HttpAnswer
}

/** Everything is optional: a hook replaces the declarative behaviour of the same name in connector.yaml. */
export interface Hooks {
  http?: HttpHooks
  read?: Record<string, StreamHooks>
  write?: Record<string, WriteHooks>
  webhooks?: Record<
    string,
    {
      read?(
        headers: Record<string, string | string[] | undefined>,
        body: Buffer,
        tools: Tools,
      ): WebhookDelivery
    }
  >
  check?(tools: Tools, signal: AbortSignal): Promise<{ ok: boolean; say: string }>
}
