/**
 * Writes the generated pages of docs/reference: `npm run docs`. A rule test fails when a page is stale
 * (tests/rules/docs.test.ts calls `generatedPages`).
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cliPage } from './generate/cli.ts'
import { configurationPage } from './generate/configuration.ts'
import { connectorsPage } from './generate/connectors.ts'
import { documentsPage } from './generate/documents.ts'
import { errorsPage } from './generate/errors.ts'
import { httpApiPage } from './generate/http-api.ts'
import { mappingPage } from './generate/mapping.ts'

/** Path from the project's root → whole text of the page. */
export async function generatedPages(): Promise<Record<string, string>> {
  return {
    'docs/reference/errors.md': errorsPage(),
    'docs/reference/documents.md': documentsPage(),
    'docs/reference/configuration.md': configurationPage(),
    'docs/reference/connectors.md': await connectorsPage(),
    'docs/reference/http-api.md': httpApiPage(),
    'docs/reference/cli.md': await cliPage(),
    'docs/reference/mapping.md': mappingPage(),
  }
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  for (const [path, text] of Object.entries(await generatedPages())) {
    writeFileSync(join(root, path), text)
    console.log(path)
  }
}
