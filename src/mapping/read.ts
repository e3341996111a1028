/** Reads mapping files: YAML with positions, checked, `extends` and `onCreate` folded in. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Static, Type } from 'typebox'
import { mappingError } from '../core/errors/mapping.ts'
import { nearest, type ParsedYaml, parseYaml, validateYaml, type YamlPath } from '../core/yaml.ts'
import { didYouMean } from '../core/yaml-words.ts'
import { buildSource, type FieldNode, type MappingSource, shapeError } from './source.ts'

const Tree = Type.Record(Type.String(), Type.Unknown())

/** The keys of a mapping file; `fields` and `onCreate` are checked by `buildSource`. */
export const MappingFile = Type.Object(
  {
    from: Type.Optional(Type.String({ description: 'the shape that is read, such as shopify/order' })),
    to: Type.Optional(Type.String({ description: 'the shape that is made, such as order' })),
    extends: Type.Optional(Type.String({ description: 'another mapping file, relative to this one' })),
    require: Type.Optional(Type.Array(Type.String())),
    let: Type.Optional(Tree),
    fields: Type.Optional(Tree),
    onCreate: Type.Optional(Tree),
  },
  { additionalProperties: false },
)

/** What a mapping makes in one case: when the target is first written, or when it is written again. */
export interface MappingForm {
  fields: FieldNode
  variables: FieldNode | null
  source: MappingSource
  /** Dotted paths of fields that must not be empty. */
  require: string[]
}

/** A mapping file, read and checked, not yet runnable. */
export interface ReadMapping {
  id: string
  file: string
  from: string
  to: string
  /** Absolute paths of this file and of all it extends, nearest first. */
  layers: string[]
  /** Hash over the text of this file and of all it extends. */
  version: string
  require: string[]
  source: MappingSource
  /** All fields, those of `onCreate` among them. */
  whole: MappingForm
  /** Without the fields of `onCreate`; null where a file has none. */
  update: MappingForm | null
}

/** The text of a mapping file by its absolute path; throws as `fs.readFile` does. */
export type ReadText = (file: string) => Promise<string>

const fromDisk: ReadText = (file) => readFile(file, 'utf8')

/**
 * Reads one mapping file. `text`: where its text and that of what it extends come from, the disk without. Throws
 * TributaryError YAML_…, MAPPING_UNREADABLE, MAPPING_SHAPE or MAPPING_SYNTAX, each with file, line and column.
 */
export async function readMapping(file: string, text: ReadText = fromDisk): Promise<ReadMapping> {
  const layers = await readLayers(path.resolve(file), [], text)
  const top = layers[0]!
  const from = layers.find((l) => l.value.from)?.value.from
  const to = layers.find((l) => l.value.to)?.value.to
  const fields = merged(layers, 'fields')
  const missing = !from ? 'from' : !to ? 'to' : !fields ? 'fields' : null
  if (missing) throw shapeError({ file: top.parsed, path: [] }, `"${missing}" is missing`)
  const variables = merged(layers, 'let')
  const created = merged(layers, 'onCreate')
  if (created) refuseIncoming(created, to!)
  const all = created ? merge(fields, created) : fields!
  const whole = form(all, variables, required(layers, all))
  const update = created ? form(fields!, variables, kept(whole.require, fields!)) : null
  const hash = createHash('sha256')
  for (const layer of layers) hash.update(layer.text).update('\0')
  return {
    id: `${path.basename(path.dirname(file))}/${path.basename(file).replace(/\.ya?ml$/, '')}`,
    file: top.parsed.file,
    layers: layers.map((layer) => layer.file),
    from: from!,
    to: to!,
    version: hash.digest('hex').slice(0, 12),
    require: whole.require,
    source: whole.source,
    whole,
    update,
  }
}

function form(fields: FieldNode, variables: FieldNode | null, require: string[]): MappingForm {
  return { fields, variables, source: buildSource(fields, variables), require }
}

/**
 * Shapes of other systems have a slash (`yonyou-nc/order`), documents have none. A document is made anew from
 * each record, and a replay must make the same one: it cannot depend on which record came first.
 */
function refuseIncoming(created: FieldNode, to: string): void {
  if (to.includes('/')) return
  throw shapeError(created, {
    en: `onCreate is for mappings into another system; "${to}" is a document, which each record states anew`,
    zh: `onCreate 只用于写入其他系统的映射；“${to}”是单据，由每条记录重新生成`,
  })
}

interface Layer {
  file: string
  text: string
  parsed: ParsedYaml
  value: Static<typeof MappingFile>
}

/** The file and what it extends, nearest first. */
async function readLayers(file: string, below: string[], read: ReadText): Promise<Layer[]> {
  const shown = path.relative(process.cwd(), file).startsWith('..')
    ? file
    : path.relative(process.cwd(), file)
  let text: string
  try {
    text = await read(file)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    throw mappingError('MAPPING_UNREADABLE', { file: shown, reason }, error)
  }
  const parsed = parseYaml(text, shown)
  const value = validateYaml(MappingFile, parsed)
  const layer = { file, text, parsed, value }
  if (!value.extends) return [layer]
  const parent = path.resolve(path.dirname(file), value.extends)
  if (parent === file || below.includes(parent)) {
    throw shapeError({ file: parsed, path: ['extends'] }, 'the files extend each other in a circle')
  }
  return [layer, ...(await readLayers(parent, [...below, file], read))]
}

function nodeOf(file: ParsedYaml, value: unknown, at: YamlPath): FieldNode {
  if (Array.isArray(value)) {
    return { file, path: at, value: value.map((v, i) => nodeOf(file, v, [...at, i])) }
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([k, v]) => [k, nodeOf(file, v, [...at, k])] as const)
    return { file, path: at, value: new Map(entries) }
  }
  return { file, path: at, value: value as string | number | boolean | null }
}

/** One tree of all files, the nearest last. */
function merged(layers: Layer[], key: 'fields' | 'let' | 'onCreate'): FieldNode | null {
  let tree: FieldNode | null = null
  for (const { parsed, value } of layers.toReversed()) {
    if (value[key]) tree = merge(tree, nodeOf(parsed, value[key], [key]))
  }
  return tree
}

/** Maps are merged field by field; anything else of the upper file replaces the lower one's. */
function merge(lower: FieldNode | null, upper: FieldNode): FieldNode {
  if (!lower || !(lower.value instanceof Map) || !(upper.value instanceof Map)) return upper
  const merged = new Map(lower.value)
  for (const [key, node] of upper.value) merged.set(key, merge(merged.get(key) ?? null, node))
  return { ...upper, value: merged }
}

/** The required fields of all files. Throws MAPPING_SHAPE for one that the mapping can never make. */
function required(layers: Layer[], fields: FieldNode): string[] {
  const all = new Set<string>()
  for (const { parsed, value } of layers) {
    for (const [i, field] of (value.require ?? []).entries()) {
      const lost = lostStep(fields, field.split('.'))
      if (lost) {
        const near = didYouMean(nearest(lost.step, lost.there))
        const [en, zh] = near === '' ? ['', ''] : [near.en, near.zh]
        const problem = { en: `no field ${field} is made${en}`, zh: `映射中没有字段 ${field}${zh}` }
        throw shapeError({ file: parsed, path: ['require', i] }, problem)
      }
      all.add(field)
    }
  }
  return [...all]
}

/** Of the required fields those that this tree makes. */
const kept = (require: string[], fields: FieldNode): string[] =>
  require.filter((field) => lostStep(fields, field.split('.')) === null)

/** The step at which a path leaves the tree, with what is there; null when it may lead somewhere. */
function lostStep(node: FieldNode, steps: string[]): { step: string; there: string[] } | null {
  const { value } = node
  const [step, ...rest] = steps
  if (step === undefined) return null
  if (Array.isArray(value)) {
    const lost = value.map((v) => lostStep(v, steps))
    return lost.includes(null) ? null : (lost[0] ?? null)
  }
  // What an expression gives may hold anything.
  if (!(value instanceof Map) || value.has('$value') || value.has('$default')) return null
  const next = value.get(step)
  if (next) return lostStep(next, rest)
  return { step, there: [...value.keys()].filter((key) => !key.startsWith('$')) }
}
