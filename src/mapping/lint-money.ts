/** Where float arithmetic must not end: in amounts, and in anything that was money. */
import type { FieldType } from './document-shape.ts'
import { adviceFor } from './lint-functions.ts'
import { type Lint, report } from './lint-report.ts'
import type { FloatWork, Shape } from './shape.ts'
import type { FieldNode } from './source.ts'

/** Complains about float arithmetic once, where it is written. `sink`: what the result reaches. */
export function moneyFloats(lint: Lint, floats: readonly FloatWork[], sink: string): void {
  const homes = new Map<FieldNode, string[]>()
  for (const { node, home, by } of floats) {
    if (lint.told.has(node)) continue
    lint.told.add(node)
    homes.set(home, [...(homes.get(home) ?? []), by])
  }
  for (const [home, works] of homes) {
    const distinct = [...new Set(works)]
    report(lint, 'error', 'MAPPING_MONEY_FLOAT', home, {
      by: distinct.join(', '),
      sink,
      advice: { en: advice(distinct, 'en'), zh: advice(distinct, 'zh') },
    })
  }
}

function advice(works: string[], language: 'en' | 'zh'): string {
  const texts = new Set(works.map((by) => adviceFor(by)[language]))
  return [...texts].join(language === 'en' ? ' ' : '')
}

/**
 * Called with what a field gives. Amounts take no float at all; decimals and the fields of other systems none
 * that money went into; the text fields of our documents are no amounts.
 */
export function checkMoney(lint: Lint, home: FieldNode, value: Shape, type: FieldType | null): void {
  const sink = String(home.path.slice(1).join('.'))
  if (type === 'money') {
    moneyFloats(lint, value.floats, sink)
    if (value.known && value.number === 'text' && value.floats.length === 0 && value.fields.size === 0) {
      report(lint, 'error', 'MAPPING_MONEY_TEXT', home)
    }
  } else if (type === null || type === 'decimal' || type === 'open') {
    moneyFloats(
      lint,
      value.floats.filter((f) => f.money),
      sink,
    )
  }
}
