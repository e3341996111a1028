import { type ErrorEntry, thrower } from './error.ts'

export const MAPPING_ERRORS = {} satisfies Record<string, ErrorEntry>

export const mappingError = thrower(MAPPING_ERRORS)
