/**
 * Exceptions from the rules, each with its reason. The list may only shrink: a waiver that is no longer
 * needed fails the test that reads it.
 */

/** Files over 400 lines: path → reason. */
export const LONG_FILES: Record<string, string> = {}

/** Functions over 40 lines: `path#name` → reason. */
export const LONG_FUNCTIONS: Record<string, string> = {
  'src/runtime/init.ts#initText':
    'one literal: the commented tributary.yaml that init writes, read best in one piece',
}

/** hooks.ts over 150 lines: path → reason. */
export const LONG_HOOKS: Record<string, string> = {
  'connectors/tryton/hooks.ts':
    'three things that the declarative vocabulary cannot say yet live in one connector: a session over JSON-RPC, a sale in steps whose tax is rounded by Tryton itself, and parcels read back through moves; the first two move into the runtime with the second connector that wants them',
  'connectors/odoo/hooks.ts':
    'one connector for two interfaces whose failures are told by the name of a Python class, documents created and found by external ids of another model, and three streams that join what Odoo keeps in several models; none of it has a second connector yet',
}
