/** What the linter found, with its place and its words. */
import type { ErrorDetail, Phrase } from '../core/errors/error.ts'
import { type MAPPING_LINT_ERRORS, mappingLintError } from '../core/errors/mapping-lint.ts'
import { nearest } from '../core/yaml.ts'
import { didYouMean } from '../core/yaml-words.ts'
import type { Node } from '../expression/ast.ts'
import type { Closure, Scope, Shape } from './shape.ts'
import type { FieldNode } from './source.ts'

/** One complaint about a mapping. Line and column are those of the field's value, counted from 1. */
export interface MappingFinding {
  severity: 'error' | 'warning'
  code: keyof typeof MAPPING_LINT_ERRORS
  file: string
  line: number
  column: number
  /** Dotted path of the field or variable in the file. */
  field: string
  expression: string
  /** The name that was probably meant. */
  nearest: string | null
  message: Phrase
  fix: Phrase
}

/** Where a node stands. */
export interface Place {
  input: Shape
  scope: Scope
  home: FieldNode
  depth: number
}

/** One run of the linter. */
export interface Lint {
  /** The mapping's own file, not what it extends. */
  file: string
  root: Shape
  /** What the input is called where a path is not in it. */
  whose: Phrase
  /** True where paths called price, total and the like are money: what is read is no document of ours. */
  moneyByName: boolean
  /** True where whole numbers of such paths are minor units. */
  minorUnits: boolean
  findings: MappingFinding[]
  /** Nodes that have been complained about. */
  told: Set<Node | FieldNode>
  paths: Set<string>
  lambdas: Closure[]
  applied: Set<Node>
  /** Goes through an expression (`lint-expression.ts`). */
  look(node: Node, at: Place): Shape
  /** Nodes that may still be looked at; functions within functions multiply. */
  left: number
}

const LEAVE_OUT = ['fields']

/** Adds a complaint. */
export function report(
  lint: Lint,
  severity: MappingFinding['severity'],
  code: MappingFinding['code'],
  home: FieldNode,
  detail: ErrorDetail & { near?: string | null } = {},
  what: 'key' | 'value' = 'value',
): void {
  const { line, column } = home.file.locate(home.path, what)
  const steps = LEAVE_OUT.includes(String(home.path[0])) ? home.path.slice(1) : home.path
  const field = steps.join('.') || 'fields'
  const expression = typeof home.value === 'string' ? home.value.trim() : ''
  const place = { file: home.file.file, line, column, field, expression }
  const nearest = detail.near ?? null
  const error = mappingLintError(code, { ...place, ...detail, near: didYouMean(nearest) })
  lint.findings.push({
    severity,
    code,
    ...place,
    field: String(error.detail.field),
    nearest,
    message: { en: error.say('en'), zh: error.say('zh') },
    fix: { en: error.fix('en'), zh: error.fix('zh') },
  })
}

/** The name that was probably meant, as it would be written. */
export function near(name: string, known: readonly string[], prefix = ''): string | null {
  const found = nearest(name, known)
  return found === null ? null : `${prefix}${found}`
}

/** Variables of a place within another. */
export function scopeIn(parent: Scope | null): Scope {
  return { parent, names: new Map(), used: new Set() }
}

/** Names that may be used here. */
export function visible(from: Scope | null): string[] {
  const names: string[] = []
  for (let scope = from; scope; scope = scope.parent) names.push(...scope.names.keys())
  return names
}

/** True when the mapping or its context defines the name. */
export function isBound(from: Scope | null, name: string): boolean {
  for (let scope = from; scope; scope = scope.parent) if (scope.names.has(name)) return true
  return false
}
