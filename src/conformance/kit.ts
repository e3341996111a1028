/** All checks over one connector: what `tributary connector check` and the contract test run. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type } from 'typebox'
import { connectorError } from '../core/errors/connector.ts'
import { parseYaml, validateYaml } from '../core/yaml.ts'
import { checkClocks } from './check-clock.ts'
import { checkReadFailures, checkWriteFailures } from './check-failures.ts'
import { checkManifest, checkReadme, checkSecrets } from './check-files.ts'
import { checkStreamFixtures, checkWriteFixtures } from './check-fixtures.ts'
import { checkNewest } from './check-newest.ts'
import { checkLists } from './check-read.ts'
import { checkWebhooks } from './check-webhook.ts'
import { checkWrites } from './check-write.ts'
import { CHECKS, type Check, type Finding } from './finding.ts'
import { closeSourceModels } from './model-sources.ts'
import { readSubject, type Subject } from './subject.ts'

export interface Report {
  connector: string
  folder: string
  findings: Finding[]
  counts: Record<Finding['state'], number>
  /** True when nothing failed. */
  passed: boolean
}

/**
 * Runs every check on a connector's folder; its mappings are expected in `../../mappings/<id>`. One connector at a time
 * in a process: fixtures are replayed by patching Node's HTTP client. Throws TributaryError for a folder that cannot be
 * read at all.
 */
export async function runKit(folder: string): Promise<Report> {
  const subject = await readSubject(folder)
  const waivers = await readWaivers(folder)
  const found = await everyCheck(subject).finally(closeSourceModels)
  const findings = found.map((f) => waived(f, waivers))
  const counts = { ok: 0, failed: 0, 'not-applicable': 0, waived: 0 }
  for (const { state } of findings) counts[state] += 1
  return { connector: subject.connector.id, folder, findings, counts, passed: counts.failed === 0 }
}

async function everyCheck(subject: Subject): Promise<Finding[]> {
  const { manifest } = subject.connector
  const findings = [await checkManifest(subject), await checkReadme(subject), await checkSecrets(subject)]
  // nothing else can run on a connector that does not open
  if (findings[0]!.state === 'failed' && findings[0]!.found?.match(/^(CONNECTOR|MAPPING|YAML)_/))
    return findings
  for (const name of Object.keys(manifest.read ?? {})) {
    findings.push(await checkStreamFixtures(subject, name), ...(await checkLists(subject, name)))
    findings.push(...(await checkClocks(subject, name)), await checkReadFailures(subject, name))
    findings.push(...(await checkNewest(subject, name)))
  }
  for (const kind of Object.keys(manifest.write ?? {})) {
    findings.push(await checkWriteFixtures(subject, kind), await checkWriteFailures(subject, kind))
    findings.push(...(await checkWrites(subject, kind)))
  }
  for (const topic of Object.keys(manifest.webhooks ?? {}))
    findings.push(...(await checkWebhooks(subject, topic)))
  return findings
}

const WaiversSchema = Type.Record(Type.String(), Type.String({ minLength: 20 }))

/** What is never waived: documents doubled, records lost, strangers believed. */
const NEVER = /^(write-|gaps-|signature$|old-signature$)/

/** `waivers.yaml`: check → reason. Throws CONNECTOR_WAIVER. */
export async function readWaivers(folder: string): Promise<Partial<Record<Check, string>>> {
  const file = join(folder, 'waivers.yaml')
  if (!existsSync(file)) return {}
  const waivers = validateYaml(WaiversSchema, parseYaml(await readFile(file, 'utf8'), file)) as Record<
    string,
    string
  >
  const names = Object.keys(waivers)
  const fail = (en: string, zh: string) => connectorError('CONNECTOR_WAIVER', { file, reason: { en, zh } })
  if (names.length > 1)
    throw fail(`${names.length} waivers; at most one`, `有 ${names.length} 项豁免，至多一项`)
  for (const name of names) {
    if (!(CHECKS as readonly string[]).includes(name))
      throw fail(`there is no check ${name}`, `没有名为 ${name} 的检查`)
    if (NEVER.test(name)) throw fail(`${name} is never waived`, `${name} 不可豁免`)
  }
  return waivers
}

function waived(finding: Finding, waivers: Partial<Record<Check, string>>): Finding {
  const reason = waivers[finding.check]
  return finding.state === 'failed' && reason ? { ...finding, state: 'waived', say: reason } : finding
}
