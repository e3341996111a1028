/** `coverage.yaml` against what is there: nothing is said to work that is not declared, and nothing is left unsaid. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { declaredOperations, readCoverage } from '../connector/coverage.ts'
import { type Finding, failed, guarded, ok } from './finding.ts'
import type { Subject } from './subject.ts'

export function checkCoverage(subject: Subject): Promise<Finding> {
  const part = { check: 'coverage', about: '' } as const
  return guarded(part, 'files', async () => {
    const coverage = await readCoverage(subject.folder)
    if (!coverage) return failed(part, 'files', 'coverage.yaml', 'none')
    const declared = declaredOperations(subject.connector.manifest)
    const works = coverage.carried.filter((c) => c.state === 'works')
    const problems = [
      ...works
        .filter((c) => !declared.has(c.operation))
        .map((c) => `${c.operation} is not in connector.yaml`),
      ...[...declared.keys()]
        .filter((name) => !works.some((c) => c.operation === name))
        .map((name) => `connector.yaml has ${name}, of which coverage.yaml does not say that it works`),
      ...works.flatMap(({ operation, proof }) => {
        const names = declared.get(operation) ?? []
        const recorded = names.length > 0 && names.every((name) => isRecorded(subject, operation, name))
        if (recorded === proof.includes('fixture')) return []
        return [`${operation} ${recorded ? 'has fixtures that its proof does not name' : 'has no fixture'}`]
      }),
    ]
    if (problems.length > 0) return failed(part, 'files', 'what connector.yaml declares', problems.join('; '))
    const unsure = works.filter((c) => c.unverified !== null).length
    return ok(part, 'files', `${works.length} operations work, ${unsure} of them rest on unverified facts`)
  })
}

/** A list or a write, or rows or a file; what only arrives has the deliveries that bring it. */
function isRecorded({ folder, connector, fixtures }: Subject, operation: string, name: string): boolean {
  const { manifest, hooks } = connector
  const has = (of: string, what: string) => fixtures.some((f) => f.of === of && f.what === what)
  if (operation.endsWith('.out')) return has(name, 'write')
  const { rows, files } = manifest.read![name]!
  if (rows || files)
    return ['rows.json', 'file.csv', 'file.xlsx'].some((end) =>
      existsSync(join(folder, 'fixtures', `${name}.${end}`)),
    )
  if (manifest.read![name]!.list ?? hooks.read?.[name]?.page) return has(name, 'list')
  const topics = Object.entries(manifest.webhooks ?? {}).filter(([, w]) => w.stream === name)
  // a topic that brings several streams has a delivery for each, under its name
  return has(name, 'webhook') || topics.some(([topic]) => has(topic, 'webhook'))
}
