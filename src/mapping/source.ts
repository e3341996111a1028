/**
 * Turns the `fields` tree of a mapping file into one JSONata source, and remembers which part of it came from
 * which field, so that an error at a position is an error of a field on a line.
 */
import type { Phrase } from '../core/errors/error.ts'
import { mappingError } from '../core/errors/mapping.ts'
import { nearest, type ParsedYaml, type YamlPath } from '../core/yaml.ts'
import { didYouMean } from '../core/yaml-words.ts'
import { type Node, parse } from '../expression/ast.ts'
import { badVariable, unknownName } from './names.ts'

/** Where one expression of the file stands in the generated source. */
export interface Segment {
  start: number
  end: number
  path: YamlPath
  file: ParsedYaml
  expression: string
  node: FieldNode
}

export interface MappingSource {
  text: string
  segments: Segment[]
}

/** A value of the fields tree together with the file it was written in (`extends` mixes files). */
export interface FieldNode {
  file: ParsedYaml
  path: YamlPath
  value: string | number | boolean | null | FieldNode[] | Map<string, FieldNode>
}

/** Keys that steer an object instead of naming a field. */
export const STEERING = ['$each', '$if', '$default', '$value', '$let'] as const

/**
 * Builds the source. `variables` are evaluated first, in order, and are seen by every field. Throws
 * TributaryError MAPPING_SHAPE or MAPPING_SYNTAX with file, line and field.
 */
export function buildSource(fields: FieldNode, variables: FieldNode | null): MappingSource {
  const out: Writer = { text: '', segments: [], scope: [] }
  emitScoped(out, variables, () => emit(out, fields))
  return { text: out.text, segments: out.segments }
}

/** What is written so far, and which variables the next expression sees. */
interface Writer {
  text: string
  segments: Segment[]
  scope: string[]
}

/** The source of one node alone, for a tree that has been built once. */
export function nodeSource(node: FieldNode, scope: string[]): string {
  const out: Writer = { text: '', segments: [], scope: [...scope] }
  emit(out, node)
  return out.text
}

function emit(out: Writer, node: FieldNode): void {
  const { value } = node
  if (typeof value === 'string') emitExpression(out, node, value)
  else if (value === null || typeof value !== 'object') out.text += JSON.stringify(value)
  else if (Array.isArray(value)) emitList(out, value)
  else if (value.has('$each')) emitList(out, [node])
  else emitObject(out, node, value)
}

/** A list in the file is a list in the result; `$each` entries add their items to it. */
function emitList(out: Writer, nodes: FieldNode[]): void {
  out.text += '['
  for (const [i, node] of nodes.entries()) {
    if (i > 0) out.text += ','
    if (node.value instanceof Map && node.value.has('$each')) emitEach(out, node, node.value)
    else emit(out, node)
  }
  out.text += ']'
}

function emitEach(out: Writer, node: FieldNode, map: Map<string, FieldNode>): void {
  out.text += '$items('
  emit(out, scalar(map.get('$each')!))
  out.text += ').('
  emitObject(out, node, map)
  out.text += ')'
}

function emitObject(out: Writer, node: FieldNode, map: Map<string, FieldNode>): void {
  const condition = map.get('$if')
  const fallback = map.get('$default')
  emitScoped(out, map.get('$let') ?? null, () => {
    if (condition) {
      out.text += '(('
      emit(out, scalar(condition))
      out.text += ')?'
    } else if (fallback) out.text += '$firstOf('
    if (map.has('$value')) emitValue(out, map)
    else emitFields(out, node, map)
    if (fallback) {
      out.text += condition ? ':' : ','
      emit(out, fallback)
    }
    if (condition || fallback) out.text += ')'
  })
}

/** `$value` is all of it: a field beside it would be lost without a word. */
function emitValue(out: Writer, map: Map<string, FieldNode>): void {
  for (const [name, node] of map) {
    if (!isSteering(name)) throw shapeError(node, 'it stands beside $value, which is the whole value')
  }
  emit(out, map.get('$value')!)
}

const isSteering = (name: string): boolean => (STEERING as readonly string[]).includes(name)

function emitFields(out: Writer, node: FieldNode, map: Map<string, FieldNode>): void {
  const names = [...map.keys()].filter((k) => !isSteering(k))
  const wrong = names.find((k) => k.startsWith('$'))
  if (wrong) {
    const near = nearest(wrong, STEERING)
    const known = near === null ? `; there are ${STEERING.join(', ')}` : ` (did you mean "${near}"?)`
    throw shapeError(map.get(wrong)!, `${wrong} is not known${known}`)
  }
  if (names.length === 0) throw shapeError(node, 'it has no fields')
  out.text += '{'
  for (const [i, name] of names.entries()) {
    out.text += `${i > 0 ? ',' : ''}${JSON.stringify(name)}:`
    emit(out, map.get(name)!)
  }
  out.text += '}'
}

function emitScoped(out: Writer, variables: FieldNode | null, body: () => void): void {
  if (!variables) {
    body()
    return
  }
  if (!(variables.value instanceof Map))
    throw shapeError(variables, 'it must be a map of names to expressions')
  const outer = out.scope
  out.scope = [...outer]
  out.text += '('
  for (const [name, node] of variables.value) {
    const wrong = badVariable(name)
    if (wrong) throw shapeError(node, wrong)
    out.text += `$${name}:=(`
    emit(out, node)
    out.text += ');'
    out.scope.push(name)
  }
  body()
  out.text += ')'
  out.scope = outer
}

function scalar(node: FieldNode): FieldNode {
  if (node.value !== null && typeof node.value === 'object')
    throw shapeError(node, 'it must be an expression')
  return node
}

/** Each expression is parsed alone first: complete ones cannot run into their neighbours. */
function emitExpression(out: Writer, node: FieldNode, expression: string): void {
  const unknown = unknownName(parsed(node, expression), out.scope)
  if (unknown) {
    const problem = `$${unknown.name} is not known`
    const near = didYouMean(unknown.near && `$${unknown.near}`)
    throw shapeError(
      node,
      near ? { en: problem + near.en, zh: `未知名称 $${unknown.name}${near.zh}` } : problem,
    )
  }
  const start = out.text.length
  out.text += expression
  const { path, file } = node
  out.segments.push({ start, end: out.text.length, path, file, expression, node })
  out.text += ' '
}

function parsed(node: FieldNode, expression: string): Node {
  try {
    return parse(expression)
  } catch (error) {
    const { message, position } = error as { message?: string; position?: number }
    const where = node.file.locate(node.path)
    throw mappingError(
      'MAPPING_SYNTAX',
      {
        file: node.file.file,
        line: where.line,
        column: where.column,
        field: node.path.join('.'),
        reason: `${message ?? 'unreadable'}${position === undefined ? '' : ` (at character ${position})`}`,
      },
      error,
    )
  }
}

/** A complaint about how a mapping file is written. */
export function shapeError(node: Pick<FieldNode, 'file' | 'path'>, problem: string | Phrase): Error {
  const { line, column } = node.file.locate(node.path, 'key')
  const field = node.path.join('.') || 'the file'
  return mappingError('MAPPING_SHAPE', { file: node.file.file, line, column, field, problem })
}

/** The expression that a position of the generated source belongs to. JSONata counts to the token's end. */
export function segmentAt(source: MappingSource, position: number | undefined): Segment | null {
  if (position === undefined) return null
  return source.segments.find((s) => s.start < position && position <= s.end + 1) ?? null
}
