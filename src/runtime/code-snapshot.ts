/** The code tables as a process without the ledger sees them: read once, through its operations. */
import type { CodeTables, ConnectionCodes } from '../ledger/code-view.ts'
import type { Config } from './config.ts'
import type { CodeOperations } from './operations-code-types.ts'

const PAGE = 500

/** What mappings of these connections read now: the ledger's entries over those of tributary.yaml. */
export async function codeSnapshot(
  config: Config,
  operations: Pick<CodeOperations, 'codeList'>,
): Promise<{ of(connection: string): ConnectionCodes }> {
  const read = new Map<string, ConnectionCodes>()
  for (const { id, codes } of Object.values(config.connections)) {
    const tables: ConnectionCodes = { codes: copyOf(codes), factors: copyOf({}) }
    let after: string | undefined
    do {
      const page = await operations.codeList({ connection: id, limit: PAGE, ...(after ? { after } : {}) })
      for (const { table, key, value, factor } of page.items) {
        put(tables.codes, table, key, value)
        if (factor !== null) put(tables.factors, table, key, factor)
      }
      after = page.next ?? undefined
    } while (after)
    read.set(id, tables)
  }
  return { of: (connection) => read.get(connection) ?? { codes: copyOf({}), factors: copyOf({}) } }
}

function put(tables: CodeTables, table: string, key: string, text: string): void {
  tables[table] ??= Object.create(null) as Record<string, string>
  tables[table][key] = text
}

/** Without prototypes: `__proto__` and `constructor` are keys like any other. */
function copyOf(tables: CodeTables): CodeTables {
  const copy = Object.create(null) as CodeTables
  for (const [table, entries] of Object.entries(tables))
    for (const [key, text] of Object.entries(entries)) put(copy, table, key, text)
  return copy
}
