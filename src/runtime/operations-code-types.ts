/** What the operations on code tables take and give; see operations.ts. */

/** Whose table, which table, which key. */
export interface CodeName {
  connection: string
  table: string
  key: string
}

export interface CodeItem extends CodeName {
  value: string
  /** Decimal text; null: none. */
  factor: string | null
  /** Who stated it: an import, or `codes:` of tributary.yaml (where no import has the same key). */
  from: 'ledger' | 'file'
  /** Null for those of tributary.yaml. */
  changedBy: string | null
  changedAt: string | null
}

export interface CodeTable {
  connection: string
  table: string
  /** Entries that were imported, and those of tributary.yaml beside them. */
  ledger: number
  file: number
  changedAt: string | null
}

export interface CodeMissing extends CodeName {
  /** Orders (or other things, where no order is known) that cannot go on without it. */
  orders: number
  /** All that is known of their totals; minor units. */
  amounts: { currency: string; amount: number }[]
  since: string
  /** Order keys of the oldest, at most three. */
  examples: string[]
}

export interface CodeImportEntry extends CodeName {
  value: string
  /** Decimal text above 0; null: none. Left out: one that is there stays. */
  factor?: string | null
}

/** Things that were set going. */
export interface CodeRedriven {
  records: number
  documents: number
  pushes: number
}

export interface CodeImported {
  added: number
  changed: number
  unchanged: number
  /** Things that waited for a key that is there now (or would be). */
  waiting: number
  /** Null with `dryRun` and with `redrive: false`. */
  redriven: CodeRedriven | null
}

export interface CodeOperations {
  codeTables(request: { connection?: string }): Promise<CodeTable[]>
  /** In the order of connection, table, key; a page as elsewhere. */
  codeList(
    filter: Partial<CodeName> & { limit?: number; after?: string },
  ): Promise<{ items: CodeItem[]; next: string | null }>
  /** Those that hold up most orders first. */
  codeMissing(request: { connection?: string; table?: string }): Promise<CodeMissing[]>
  /**
   * All or none; what is there is replaced. Then everything that waited for a key that is there goes on, unless
   * `redrive` is false: then it goes on by `codeRedrive`, or by itself within seconds. Throws RUNTIME_REQUEST.
   */
  codeImport(request: {
    entries: CodeImportEntry[]
    dryRun?: boolean
    redrive?: boolean
    by: string
    why?: string
  }): Promise<CodeImported>
  /** One step of some hundreds; `next` is the `after` of the next step, null at the end. */
  codeRedrive(request: {
    after?: string
    by: string
    why?: string
  }): Promise<CodeRedriven & { next: string | null }>
}

/** Their names; see OPERATIONS. */
export const CODE_OPERATIONS = ['codeTables', 'codeList', 'codeMissing', 'codeImport', 'codeRedrive'] as const
