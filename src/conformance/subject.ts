/** The connector under test: loaded, with made-up settings, opened against whatever address a check needs. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Type } from 'typebox'
import { type Connector, loadConnector } from '../connector/load.ts'
import type { Manifest, Setting } from '../connector/manifest.ts'
import { openConnection } from '../connector/open.ts'
import { resolveSettings, type Settings } from '../connector/settings.ts'
import type { SourceOpeners } from '../connector/sources.ts'
import { fillText, namesIn } from '../connector/template.ts'
import type { Connection } from '../core/ports.ts'
import { parseYaml, validateYaml } from '../core/yaml.ts'
import { CONTEXT, type MappingCase, readCases } from '../mapping/check.ts'
import { loadMapping } from '../mapping/load.ts'
import { type Fixture, readFixtures, readSamples, type Sample } from './fixture.ts'

/** `conformance.yaml` beside connector.yaml: what the kit cannot know. Every member may be left out. */
const HintsSchema = Type.Object(
  {
    /** Values of settings that must have a certain form. */
    settings: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    /** Streams whose records never leave their window (it is about an instant that never changes): why that is so. */
    stable: Type.Optional(Type.Record(Type.String(), Type.String({ minLength: 20 }))),
    /** A sandbox of ours that speaks this system's protocol, with its options. */
    sandbox: Type.Optional(Type.String()),
    options: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { additionalProperties: false },
)
export interface Hints {
  settings?: Settings
  stable?: Record<string, string>
  sandbox?: string
  options?: Record<string, unknown>
}

export interface Subject {
  connector: Connector
  folder: string
  /** Folder of its mappings. */
  mappings: string
  settings: Settings
  hints: Hints
  fixtures: Fixture[]
  /** Rows and files of streams that are not asked for by HTTP. */
  samples: Sample[]
  /** Cases of the mapping tests, by mapping name (`order.in`). */
  cases: Record<string, MappingCase[]>
}

/** Reads everything that stands in the folder. Throws TributaryError for files that cannot be read. */
export async function readSubject(folder: string): Promise<Subject> {
  const connector = await loadConnector(folder)
  const hints = await readHints(folder)
  const mappings = resolve(folder, '../../mappings', connector.id)
  const settings = { ...examples(connector.manifest), ...hints.settings }
  return {
    ...{ connector, folder, mappings, settings, hints },
    fixtures: await readFixtures(join(folder, 'fixtures')),
    samples: await readSamples(join(folder, 'fixtures')),
    cases: await casesIn(mappings),
  }
}

async function readHints(folder: string): Promise<Hints> {
  const file = join(folder, 'conformance.yaml')
  if (!existsSync(file)) return {}
  return validateYaml(HintsSchema, parseYaml(await readFile(file, 'utf8'), file)) as Hints
}

async function casesIn(folder: string): Promise<Subject['cases']> {
  if (!existsSync(folder)) return {}
  const cases: Subject['cases'] = {}
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.test.yaml')) continue
    for (const one of await readCases(join(folder, file))) {
      const name = one.mapping.replace(/^.*[\\/]/, '').replace(/\.yaml$/, '')
      cases[name] = [...(cases[name] ?? []), one]
    }
  }
  return cases
}

/** Made-up values that fit; every secret can be told from all other text. */
export function examples(manifest: Manifest): Settings {
  const needed = Object.entries(manifest.settings).filter(([, s]) => s.default === undefined)
  return Object.fromEntries(needed.map(([name, setting]) => [name, example(manifest, name, setting)]))
}

function example(manifest: Manifest, name: string, setting: Setting): unknown {
  if (setting.values) return setting.values[0]
  if (zoneSettings(manifest).includes(name)) return 'Asia/Shanghai'
  const values: Record<Setting['type'], unknown> = {
    string: /base|url|address|host/i.test(name) && !setting.secret ? 'http://127.0.0.1:9' : `example-${name}`,
    integer: 7,
    decimal: '7.5',
    boolean: true,
    list: [],
    map: {},
  }
  return values[setting.type]
}

/** Settings that hold the zone of the API's clock. */
export function zoneSettings(manifest: Manifest): string[] {
  const clocks = [manifest.http?.clock, ...Object.values(manifest.read ?? {}).map((s) => s.list?.clock)]
  const zones = [manifest.sql?.zone, ...clocks.map((clock) => typeof clock === 'object' && clock.zone)]
  return zones.flatMap((zone) => namesIn(zone || ''))
}

export interface OpenOptions {
  /** Instead of the connector's own address; its path stays. */
  url?: string
  settings?: Settings
  /** Limit of a call, as `http.timeout`. */
  timeout?: string
  /** Largest answer. Bytes. */
  limit?: number
  codes?: Record<string, Record<string, string>>
  factors?: Record<string, Record<string, string>>
  /** In place of databases and folders. */
  sources?: SourceOpeners
  /** Streams that are declared otherwise than the manifest says. */
  read?: Manifest['read']
}

/** Opens the connector; calls go to `url`, whatever its manifest says. Throws what `openConnection` throws. */
export async function openSubject(subject: Subject, options: OpenOptions = {}): Promise<Connection> {
  const settings = { ...subject.settings, ...options.settings }
  const plain = redirected(subject.connector, settings, options)
  const connector = options.read ? { ...plain, manifest: { ...plain.manifest, read: options.read } } : plain
  const { company } = CONTEXT
  const { codes, factors, sources } = options
  const own = sources ? { sources } : {}
  const config = { id: 'shop', entity: 'main', settings, company, codes, factors, ...own }
  return openConnection(connector, config, (name) => loadMapping(join(subject.mappings, `${name}.yaml`)))
}

function redirected(connector: Connector, given: Settings, options: OpenOptions): Connector {
  const { http } = connector.manifest
  if (!http) return connector
  const { url, timeout, limit } = options
  const whole = fillText(http.base, resolveSettings(connector.manifest, given, 'shop'))
  const path = URL.canParse(whole) ? new URL(whole).pathname.replace(/\/+$/, '') : ''
  const base = url ? `${url}${path}` : http.base
  const own = { ...http, base, ...(timeout ? { timeout } : {}), ...(limit ? { limit } : {}) }
  return { ...connector, manifest: { ...connector.manifest, http: own } }
}

/** The path that the connector's base address ends with; '' for none. */
export function basePath(subject: Subject): string {
  const { connector, settings } = subject
  const whole = fillText(
    connector.manifest.http?.base ?? '',
    resolveSettings(connector.manifest, settings, 'shop'),
  )
  return URL.canParse(whole) ? new URL(whole).pathname.replace(/\/+$/, '') : ''
}

/** A document for each kind that can be written: the first case of the out mapping's test that must succeed. */
export function sampleDocument(subject: Subject, kind: string): MappingCase | null {
  const writes = Object.entries(subject.connector.manifest.write ?? {})
  const name = writes.find(([of]) => of === kind)?.[1].mapping ?? `${kind}.out`
  return (subject.cases[name] ?? []).find((c) => !c.wanted.expectError) ?? null
}
