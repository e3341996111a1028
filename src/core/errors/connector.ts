import { type ErrorEntry, thrower } from './error.ts'

export const CONNECTOR_ERRORS = {} satisfies Record<string, ErrorEntry>

export const connectorError = thrower(CONNECTOR_ERRORS)
