/** `tributary init`: writes a commented tributary.yaml for a shop and an ERP. */
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { configError } from '../core/errors/config.ts'
import { connectorCatalog } from '../runtime/config-catalog.ts'
import { suggestion } from '../runtime/config-problems.ts'
import { initText, schemaReference } from '../runtime/init.ts'
import { SCHEMA_FILE } from '../runtime/schema.ts'
import type { Cli } from './context.ts'

interface Options {
  shop: string
  erp: string
}

export function init(cli: Cli): Command {
  const { program, say } = cli
  return program
    .command('init')
    .description(say('init'))
    .option('--shop <connector>', say('option.shop'), 'shopify')
    .option('--erp <connector>', say('option.erp'), 'yonyou-nc')
    .action((options: Options) => run(cli, options))
}

function run(cli: Cli, { shop, erp }: Options): void {
  const { path } = cli.configFile()
  if (existsSync(path)) throw configError('CONFIG_FILE_EXISTS', { file: path })
  const folder = dirname(path)
  const catalog = connectorCatalog([join(folder, 'connectors')])
  for (const [field, name] of Object.entries({ '--shop': shop, '--erp': erp })) {
    if (catalog.ids.includes(name)) continue
    const allowed = catalog.ids.join(', ')
    const where = { file: 'init', line: 0, column: 0 }
    throw configError('CONFIG_UNKNOWN_CONNECTOR', {
      ...where,
      field,
      name,
      near: suggestion(name, catalog.ids),
      allowed,
    })
  }
  const reference = schemaReference(folder)
  const from = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000)
  const manifests = { shop: catalog.manifest(shop), erp: catalog.manifest(erp) }
  const schema = reference ?? './tributary.schema.json'
  // Exclusive: a file that came to be in the meantime is somebody's.
  writeFileSync(path, initText({ shop, erp, manifests, from, schema }), { flag: 'wx' })
  if (reference === null) copyFileSync(SCHEMA_FILE, join(folder, 'tributary.schema.json'))
  cli.show({ file: path, schema }, () => cli.say('init.done', { file: path }))
}
