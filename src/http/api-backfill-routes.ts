/** Routes of /v1 about backfills and checks of completeness; see api-routes.ts. */
import { Type } from 'typebox'
import * as b from './api-backfill-schemas.ts'
import { type ApiRoute, actor } from './api-route.ts'
import { pageOf } from './api-schemas.ts'

const turns = (['Pause', 'Resume', 'Cancel'] as const).map(
  (how): ApiRoute => ({
    method: 'POST',
    path: `/backfills/:id/${how.toLowerCase()}`,
    operation: `backfill${how}`,
    scope: 'operate',
    summary: {
      Pause: 'Stops it after the page in hand',
      Resume: 'Lets it go on where it was; a failed one is tried again',
      Cancel: 'Gives it up; what was read stays',
    }[how],
    body: b.WhyBody,
    answer: b.BackfillItem,
    run: (o, r) => o[`backfill${how}`]({ id: r.params.id, ...actor(r) }),
  }),
)

export const BACKFILL_READING: ApiRoute[] = [
  {
    method: 'GET',
    path: '/backfills',
    operation: 'backfillList',
    scope: 'read',
    summary: 'Backfills, newest first',
    query: b.BackfillQuery,
    answer: pageOf(b.BackfillItem),
    run: (o, r) => o.backfillList(r.query),
  },
  {
    method: 'GET',
    path: '/backfills/:id',
    operation: 'backfillShow',
    scope: 'read',
    summary: 'One backfill and how far it has come',
    answer: b.BackfillItem,
    run: (o, r) => o.backfillShow({ id: r.params.id }),
  },
  {
    method: 'GET',
    path: '/completeness',
    operation: 'completenessList',
    scope: 'read',
    summary: 'Checks of completeness, newest first',
    query: b.CheckQuery,
    answer: pageOf(b.CompletenessItem),
    run: (o, r) => o.completenessList(r.query),
  },
  {
    method: 'GET',
    path: '/completeness/:id',
    operation: 'completenessShow',
    scope: 'read',
    summary: 'One check: counts, what was missing, what arrived, what could not be had',
    answer: b.CompletenessItem,
    run: (o, r) => o.completenessShow({ id: r.params.id }),
  },
]

export const BACKFILL_OPERATING: ApiRoute[] = [
  {
    method: 'POST',
    path: '/backfills/preview',
    operation: 'backfillPreview',
    scope: 'operate',
    summary: 'Asks the source how much a backfill would read',
    body: b.PreviewBody,
    answer: b.BackfillPreview,
    run: (o, r) => o.backfillPreview(r.body),
  },
  {
    method: 'POST',
    path: '/backfills',
    operation: 'backfillStart',
    scope: 'operate',
    summary: 'Fetches a range of history, or ids, in the background',
    body: b.StartBody,
    answer: b.BackfillItem,
    run: (o, r) => o.backfillStart({ ...r.body, ...actor(r) }),
  },
  ...turns,
  {
    method: 'POST',
    path: '/completeness/check',
    operation: 'completenessCheck',
    scope: 'operate',
    summary: 'Checks days for completeness in the background, at most 92',
    body: b.CheckBody,
    answer: Type.Array(b.CompletenessItem),
    run: (o, r) => o.completenessCheck({ ...r.body, ...actor(r) }),
  },
]
