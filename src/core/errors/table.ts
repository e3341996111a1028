/** Every error code there is, by area. docs/reference/errors.md is generated from this table. */
import { ALERT_ERRORS } from './alert.ts'
import { CODE_ERRORS } from './code.ts'
import { CONFIG_ERRORS } from './config.ts'
import { CONFIGURATION_ERRORS } from './configuration.ts'
import { CONNECTOR_ERRORS } from './connector.ts'
import type { ErrorEntry } from './error.ts'
import { LEDGER_ERRORS } from './ledger.ts'
import { MAPPING_ERRORS } from './mapping.ts'
import { MAPPING_LINT_ERRORS } from './mapping-lint.ts'
import { PUSH_ERRORS } from './push.ts'
import { RECORD_ERRORS } from './record.ts'
import { RUNTIME_ERRORS } from './runtime.ts'
import { YAML_ERRORS } from './yaml.ts'

export const ERRORS: Record<string, ErrorEntry> = {
  ...ALERT_ERRORS,
  ...CODE_ERRORS,
  ...CONFIG_ERRORS,
  ...CONFIGURATION_ERRORS,
  ...CONNECTOR_ERRORS,
  ...LEDGER_ERRORS,
  ...MAPPING_ERRORS,
  ...MAPPING_LINT_ERRORS,
  ...PUSH_ERRORS,
  ...RECORD_ERRORS,
  ...RUNTIME_ERRORS,
  ...YAML_ERRORS,
}
