/** What the files of the folder say: manifest, README, settings, and that nothing secret stands in them. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDuration } from '../core/time.ts'
import { type Finding, failed, guarded, ok } from './finding.ts'
import { openSubject, type Subject } from './subject.ts'

/** It opens with made-up settings, so every mapping it names is there; what waits is given enough time. */
export function checkManifest(subject: Subject): Promise<Finding> {
  const part = { check: 'manifest', about: '' } as const
  return guarded(part, 'files', async () => {
    const { manifest, hooks } = subject.connector
    const connection = await openSubject(subject)
    await connection.close()
    const problems = [
      ...(Object.keys({ ...manifest.read, ...manifest.write }).length === 0
        ? ['it neither reads nor writes']
        : []),
      ...((manifest.check ?? hooks.check ?? manifest.sql ?? manifest.files)
        ? []
        : ['it has no check: one harmless call that proves address and credentials']),
      ...undescribed(subject),
      ...hasty(subject),
      ...connection.writes.flatMap((w) =>
        w.class === 'find' && w.settle <= 0 ? [`write.${w.kind}.settle is 0`] : [],
      ),
    ]
    if (problems.length > 0) return failed(part, 'files', 'a complete manifest', problems.join('; '))
    return ok(part, 'files', 'it is valid, and opens with made-up settings')
  })
}

function undescribed({ connector: { manifest } }: Subject): string[] {
  return Object.entries(manifest.settings).flatMap(([name, setting]) => [
    ...(setting.description.length < 4 ? [`settings.${name} is not described`] : []),
    ...(/(token|secret|password|apikey)$/i.test(name) && !setting.secret
      ? [`settings.${name} is not marked secret`]
      : []),
    ...(setting.secret && setting.default !== undefined
      ? [`settings.${name} is secret and has a default`]
      : []),
  ])
}

/** A call may not take longer than the attempt that it is part of. */
function hasty({ connector: { manifest } }: Subject): string[] {
  const call = parseDuration(manifest.http?.timeout ?? '30s')
  return Object.entries(manifest.write ?? {}).flatMap(([kind, w]) =>
    parseDuration(w.timeout ?? '30s') < call ? [`write.${kind}.timeout is shorter than http.timeout`] : [],
  )
}

/** What an integrator looks for, by the heading that tells it. */
const HEADINGS: [what: string, pattern: RegExp][] = [
  ['a title', /^# \S/m],
  ["what to set up on the system's side", /^## .*(side\b|set it up|set[ -]?up|配置|接入|设置)/im],
  ['its limits', /^## .*(limit|not supported|限制|不支持)/im],
  ['what it was tried against', /(tried against|not proven|unverified|未验证|未证实)/i],
]

export async function checkReadme({ folder }: Subject): Promise<Finding> {
  const part = { check: 'readme', about: '' } as const
  const file = join(folder, 'README.md')
  if (!existsSync(file)) return failed(part, 'files', 'README.md', 'none')
  const text = readFileSync(file, 'utf8')
  const lacks = HEADINGS.filter(([, pattern]) => !pattern.test(text)).map(([what]) => what)
  if (lacks.length > 0) return failed(part, 'files', 'all headings', `no word of ${lacks.join(', ')}`)
  return ok(part, 'files', HEADINGS.map(([what]) => what).join(', '))
}

/** Values that look like the real thing, whatever they are called. */
const SECRETS: [what: string, pattern: RegExp][] = [
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['an access token', /\b(shpat|shpca|shpss|xox[abp]|gh[pousr]|sk_live|rk_live|AKIA)[_-]?[A-Za-z0-9]{16,}/],
  ['a signed token (JWT)', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/],
  ['a whole card number', /(?<!\d)(4\d{15}|5[1-5]\d{14})(?!\d)/],
]
/** What a made-up value of such a field may look like. */
const MADE_UP =
  /example|test|sample|made-?up|kit|sandbox|fake|dummy|placeholder|x{4,}|\*{3,}|\{\w+\}|^$|^0+$/i
const TELLING = /"(?:[\w-]*(?:token|secret|password|apikey|api_key|authorization))"\s*:\s*"([^"]*)"/gi

export async function checkSecrets(subject: Subject): Promise<Finding> {
  const part = { check: 'secrets', about: '' } as const
  const samples = subject.samples.map(({ file, bytes }) => ({ file, text: bytes.toString('latin1') }))
  for (const { file, text } of [...subject.fixtures, ...samples]) {
    const name = file.replace(/^.*[\\/]/, '')
    const found = SECRETS.find(([, pattern]) => pattern.test(text))?.[0]
    if (found)
      return failed(part, 'files', 'fixtures without secrets', `${name} holds what looks like ${found}`)
    for (const [, value] of text.matchAll(TELLING))
      if (!MADE_UP.test(value!))
        return failed(
          part,
          'files',
          'made-up credentials that say so ("example-…")',
          `${name}: a credential of ${value!.length} characters`,
        )
  }
  return guarded(part, 'failing-server', () => silent(subject))
}

/** With nobody there, no message may carry a secret setting. */
async function silent(subject: Subject): Promise<Finding> {
  const part = { check: 'secrets', about: '' } as const
  const { manifest } = subject.connector
  const secrets = Object.entries(manifest.settings)
    .filter(([name, s]) => s.secret && typeof subject.settings[name] === 'string')
    .map(([name]) => String(subject.settings[name]))
  const connection = await openSubject(subject, { url: 'http://127.0.0.1:9' })
  try {
    const said = [(await connection.check(AbortSignal.timeout(5_000))).say]
    const window = { since: new Date(0), until: new Date(1), resume: null }
    for (const stream of connection.streams)
      said.push(
        await stream
          .page(window, AbortSignal.timeout(5_000))
          .then(String, (error: Error) => `${error.message} ${error.stack}`),
      )
    const told = secrets.find((secret) => secret !== '' && said.join('\n').includes(secret))
    if (told)
      return failed(part, 'failing-server', 'messages without secrets', 'a secret setting in a message')
  } finally {
    await connection.close()
  }
  return ok(part, 'failing-server', `${subject.fixtures.length} fixtures and the messages of calls that fail`)
}
