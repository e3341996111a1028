/** Reads mapping files: YAML with positions, checked, `extends` folded in. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Static, Type } from 'typebox'
import { mappingError } from '../core/errors/mapping.ts'
import { type ParsedYaml, parseYaml, validateYaml, type YamlPath } from '../core/yaml.ts'
import { buildSource, type FieldNode, type MappingSource, shapeError } from './source.ts'

/** The keys of a mapping file; `fields` is checked by `buildSource`. */
export const MappingFile = Type.Object(
  {
    from: Type.Optional(Type.String({ description: 'the shape that is read, such as shopify/order' })),
    to: Type.Optional(Type.String({ description: 'the shape that is made, such as order' })),
    extends: Type.Optional(Type.String({ description: 'another mapping file, relative to this one' })),
    require: Type.Optional(Type.Array(Type.String())),
    let: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    fields: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { additionalProperties: false },
)

/** A mapping file, read and checked, not yet runnable. */
export interface ReadMapping {
  id: string
  file: string
  from: string
  to: string
  /** Hash over the text of this file and of all it extends. */
  version: string
  require: string[]
  /** What the source was made of, for tools that look at single fields. */
  whole: { fields: FieldNode; variables: FieldNode | null }
  source: MappingSource
}

/**
 * Reads one mapping file. Throws TributaryError YAML_…, MAPPING_UNREADABLE, MAPPING_SHAPE or MAPPING_SYNTAX,
 * each with file, line and column.
 */
export async function readMapping(file: string): Promise<ReadMapping> {
  const layers = await readLayers(path.resolve(file), [])
  const top = layers[0]!
  let fields: FieldNode | null = null
  let variables: FieldNode | null = null
  for (const { parsed, value } of [...layers].reverse()) {
    if (value.fields) fields = merge(fields, nodeOf(parsed, value.fields, ['fields']))
    if (value.let) variables = merge(variables, nodeOf(parsed, value.let, ['let']))
  }
  const from = layers.find((l) => l.value.from)?.value.from
  const to = layers.find((l) => l.value.to)?.value.to
  const missing = !from ? 'from' : !to ? 'to' : !fields ? 'fields' : null
  if (missing) throw shapeError({ file: top.parsed, path: [] }, `"${missing}" is missing`)
  const hash = createHash('sha256')
  for (const layer of layers) hash.update(layer.text).update('\0')
  return {
    id: `${path.basename(path.dirname(file))}/${path.basename(file).replace(/\.ya?ml$/, '')}`,
    file: top.parsed.file,
    from: from!,
    to: to!,
    version: hash.digest('hex').slice(0, 12),
    require: layers.flatMap((l) => l.value.require ?? []),
    whole: { fields: fields!, variables },
    source: buildSource(fields!, variables),
  }
}

interface Layer {
  text: string
  parsed: ParsedYaml
  value: Static<typeof MappingFile>
}

/** The file and what it extends, nearest first. */
async function readLayers(file: string, below: string[]): Promise<Layer[]> {
  const shown = path.relative(process.cwd(), file).startsWith('..')
    ? file
    : path.relative(process.cwd(), file)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    throw mappingError('MAPPING_UNREADABLE', { file: shown, reason }, error)
  }
  const parsed = parseYaml(text, shown)
  const value = validateYaml(MappingFile, parsed)
  const layer = { text, parsed, value }
  if (!value.extends) return [layer]
  const parent = path.resolve(path.dirname(file), value.extends)
  if (parent === file || below.includes(parent)) {
    throw shapeError({ file: parsed, path: ['extends'] }, 'the files extend each other in a circle')
  }
  return [layer, ...(await readLayers(parent, [...below, file]))]
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

/** Maps are merged field by field; anything else of the upper file replaces the lower one's. */
function merge(lower: FieldNode | null, upper: FieldNode): FieldNode {
  if (!lower || !(lower.value instanceof Map) || !(upper.value instanceof Map)) return upper
  const merged = new Map(lower.value)
  for (const [key, node] of upper.value) merged.set(key, merge(merged.get(key) ?? null, node))
  return { ...upper, value: merged }
}
