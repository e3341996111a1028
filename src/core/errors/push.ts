import { type ErrorEntry, thrower } from './error.ts'

export const PUSH_ERRORS = {} satisfies Record<string, ErrorEntry>

export const pushError = thrower(PUSH_ERRORS)
