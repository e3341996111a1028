/** Run by hand after a change of the configuration's shape: `node src/runtime/schema-write.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { configJsonSchema, SCHEMA_FILE } from './schema.ts'

mkdirSync(new URL('.', SCHEMA_FILE), { recursive: true })
writeFileSync(SCHEMA_FILE, configJsonSchema())
