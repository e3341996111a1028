import { type ErrorEntry, thrower } from './error.ts'

export const CONFIG_ERRORS = {} satisfies Record<string, ErrorEntry>

export const configError = thrower(CONFIG_ERRORS)
