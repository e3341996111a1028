/** Where tokens of outside systems are kept: a port, so that the connector runtime knows nothing of the ledger. */

export interface StoredToken {
  token: string
  /** What the next one is got with; null where there is none. */
  refresh: string | null
  /** RFC 3339, UTC; null: not known to end. */
  expiresAt: string | null
  /** What came with it and ends with it, by the names of `http.token.extra` (NC Cloud: the key of the bodies). As secret as the token. */
  extra?: Record<string, string>
}

export interface TokenStore {
  /** The newest token of a connection; null before the first. */
  read(connection: string): Promise<StoredToken | null>
  /**
   * One renewal at a time over all processes: whoever comes second gets the first one's. `refused` is the token that
   * is to be replaced; where the store holds another by now, that one is answered. `make` gets what is stored and is
   * called outside any transaction. What it throws is thrown to all who wait.
   */
  renew(
    connection: string,
    refused: string | null,
    make: (old: StoredToken | null) => Promise<StoredToken>,
  ): Promise<StoredToken>
}

/** A store for one process that forgets: of commands, tests, and installations without `TRIBUTARY_KEY`. */
export function createTokenMemory(): TokenStore {
  const kept = new Map<string, StoredToken>()
  const making = new Map<string, Promise<StoredToken>>()
  return {
    read: async (connection) => kept.get(connection) ?? null,
    renew(connection, refused, make) {
      const now = kept.get(connection) ?? null
      if (now && now.token !== (refused ?? '')) return Promise.resolve(now)
      const running = making.get(connection)
      if (running) return running
      const made = make(now)
        .then((token) => {
          kept.set(connection, token)
          return token
        })
        .finally(() => making.delete(connection))
      making.set(connection, made)
      return made
    },
  }
}
