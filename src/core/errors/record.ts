import { type ErrorEntry, thrower } from './error.ts'

export const RECORD_ERRORS = {} satisfies Record<string, ErrorEntry>

export const recordError = thrower(RECORD_ERRORS)
