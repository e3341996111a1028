/** The flows of tributary.yaml: which connections feed which, from when on, and whether anything is sent. */
import { CRON, isCron } from '../core/cron.ts'
import type { Phrase } from '../core/errors/error.ts'
import type { DocumentKind } from '../core/ports.ts'
import { parseInstant } from '../core/time.ts'
import type { YamlPath } from '../core/yaml.ts'
import { parse } from '../expression/ast.ts'
import type { ConfigContext } from './config-connections.ts'

export interface FlowConfig {
  id: string
  shops: string[]
  erp: string
  /** Orders paid before it are history. */
  from: Date
  mode: 'off' | 'shadow' | 'live'
  /** Schedule of its shops' order streams; null: the connector's own. */
  every: string | null
  back: DocumentKind[]
  adopt: { number: string; until: Date | null } | null
}

/** Every flow; mistakes go to `problems`. */
export function readFlows(context: ConfigContext): Record<string, FlowConfig> {
  const out: Record<string, FlowConfig> = {}
  const connections = Object.keys(context.file.connections)
  const taken = new Map<string, string>()
  for (const [id, given] of Object.entries(context.file.flows)) {
    const path: YamlPath = ['flows', id]
    const named: [string, YamlPath][] = [
      ...given.shops.map((shop, i): [string, YamlPath] => [shop, [...path, 'shops', i]]),
      [given.erp, [...path, 'erp']],
    ]
    for (const [name, at] of named) {
      if (!connections.includes(name)) {
        context.problems.addName('CONFIG_UNKNOWN_CONNECTION', at, name, connections)
      }
    }
    if (given.mode === 'off') context.warn('FLOW_OFF', path)
    else noSecondWay(context, taken, id)
    out[id] = {
      id,
      shops: given.shops,
      erp: given.erp,
      from: readInstant(context, [...path, 'from'], given.from) ?? new Date(0),
      mode: given.mode as FlowConfig['mode'],
      every: given.every === undefined ? null : readCron(context, [...path, 'every'], given.every),
      back: (given.back ?? []) as DocumentKind[],
      adopt: given.adopt
        ? {
            number: readExpression(context, [...path, 'adopt', 'number'], given.adopt.number),
            until:
              given.adopt.until === undefined
                ? null
                : readInstant(context, [...path, 'adopt', 'until'], given.adopt.until),
          }
        : null,
    }
  }
  return out
}

/** The same shop into the same ERP through two flows would write each order twice. */
function noSecondWay(context: ConfigContext, taken: Map<string, string>, id: string): void {
  const flow = context.file.flows[id]!
  for (const [i, shop] of flow.shops.entries()) {
    const way = `${shop} → ${flow.erp}`
    const other = taken.get(way)
    if (other) {
      context.problems.add('CONFIG_FLOW_SAME', ['flows', id, 'shops', i], {
        name: shop,
        erp: flow.erp,
        other,
      })
    }
    taken.set(way, id)
  }
}

const INSTANT: Phrase = {
  en: 'an instant of a day that exists, with its zone, such as 2026-01-01T00:00:00+08:00',
  zh: '带时区且真实存在的时间点，例如 2026-01-01T00:00:00+08:00',
}

/** Null after a complaint. */
function readInstant(context: ConfigContext, path: YamlPath, text: string): Date | null {
  try {
    return parseInstant(text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    context.problems.add('CONFIG_VALUE', path, { expected: INSTANT, found: `"${text}"` })
    return null
  }
}

/** Cron with optional seconds; what node-cron takes. */
export function readCron(context: ConfigContext, path: YamlPath, text: string): string {
  if (!isCron(text)) {
    context.problems.add('CONFIG_VALUE', path, { expected: CRON, found: `"${text}"` })
  }
  return text
}

const EXPRESSION: Phrase = {
  en: 'a JSONata expression over the order such as number or "WEB-" & number',
  zh: '针对订单的 JSONata 表达式，例如 number 或 "WEB-" & number',
}

function readExpression(context: ConfigContext, path: YamlPath, text: string): string {
  try {
    parse(text)
  } catch {
    context.problems.add('CONFIG_VALUE', path, { expected: EXPRESSION, found: `"${text}"` })
  }
  return text
}
