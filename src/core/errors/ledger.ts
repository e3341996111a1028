import { type ErrorEntry, thrower } from './error.ts'

export const LEDGER_ERRORS = {} satisfies Record<string, ErrorEntry>

export const ledgerError = thrower(LEDGER_ERRORS)
