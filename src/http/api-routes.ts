/** The routes of /v1 in one table: the server and the OpenAPI document are both made from it. */
import { Type } from 'typebox'
import { runtimeError } from '../core/errors/runtime.ts'
import type { DocumentKind } from '../core/ports.ts'
import type { Resolution, Selection } from '../runtime/operations.ts'
import { ALERT_ROUTES } from './api-alert-routes.ts'
import { BACKFILL_OPERATING, BACKFILL_READING } from './api-backfill-routes.ts'
import * as c from './api-code-schemas.ts'
import * as configuration from './api-configuration-schemas.ts'
import * as d from './api-document-schemas.ts'
import { type ApiRoute, actor } from './api-route.ts'
import * as s from './api-schemas.ts'

const Flag = Type.Optional(Type.Boolean({ default: false }))

/** Exactly one of `ids` and `filter`. */
function selected<F>(body: { ids?: string[]; filter?: F }): Selection<F> {
  if (body.ids && !body.filter) return { ids: body.ids }
  if (body.filter && !body.ids) return { filter: body.filter }
  throw runtimeError('RUNTIME_REQUEST', { field: 'body', reason: 'give either ids or filter' })
}

function resolution(body: { as: Resolution['as']; remoteId?: string; number?: string }): Resolution {
  if (body.as !== 'written') return { as: body.as }
  if (!body.remoteId) {
    throw runtimeError('RUNTIME_REQUEST', { field: 'remoteId', reason: 'is needed with "written"' })
  }
  return { as: 'written', remoteId: body.remoteId, ...(body.number ? { number: body.number } : {}) }
}

const reading: ApiRoute[] = [
  {
    method: 'GET',
    path: '/stats',
    operation: 'stats',
    scope: 'read',
    summary: 'Counts, rates and what each connection does',
    answer: s.Stats,
    run: (o) => o.stats({}),
  },
  {
    method: 'GET',
    path: '/doctor',
    operation: 'doctor',
    scope: 'read',
    summary: 'Checks of this installation with what to do about each',
    answer: Type.Array(s.DoctorCheck),
    run: (o) => o.doctor({}),
  },
  {
    method: 'GET',
    path: '/orders',
    operation: 'ordersList',
    scope: 'read',
    summary: 'Orders, newest first',
    query: s.OrderQuery,
    answer: s.pageOf(s.OrderSummary),
    run: (o, r) => o.ordersList(r.query),
  },
  {
    method: 'GET',
    path: '/find',
    operation: 'find',
    scope: 'read',
    summary: "Orders by platform number, ERP bill, tracking number or a phone's last digits",
    query: Type.Object(
      { term: Type.String({ minLength: 3, maxLength: 200 }) },
      { additionalProperties: false },
    ),
    answer: Type.Array(s.FindHit),
    run: (o, r) => o.find({ term: r.query.term }),
  },
  {
    method: 'GET',
    path: '/orders/:connection/:externalId',
    operation: 'orderShow',
    scope: 'read',
    summary: 'One order with its journal, pushes and bindings',
    answer: s.OrderDetail,
    run: (o, r) => o.orderShow({ ref: `${r.params.connection}/${r.params.externalId}` }),
  },
  {
    method: 'GET',
    path: '/pushes',
    operation: 'pushList',
    scope: 'read',
    summary: 'Documents written or to be written',
    query: s.PushQuery,
    answer: s.pageOf(s.PushSummary),
    run: (o, r) => o.pushList(r.query),
  },
  {
    method: 'GET',
    path: '/pushes/:id',
    operation: 'pushShow',
    scope: 'read',
    summary: 'One push; body=true (scope operate) adds the exact bytes, which hold personal data',
    query: Type.Object({ body: Flag }, { additionalProperties: false }),
    answer: s.PushDetail,
    run: (o, r) => {
      if (r.query.body && r.scope !== 'operate') throw runtimeError('RUNTIME_FORBIDDEN', { scope: 'operate' })
      return o.pushShow({ id: r.params.id, body: r.query.body === true })
    },
  },
  {
    method: 'GET',
    path: '/parked',
    operation: 'parkedList',
    scope: 'read',
    summary: 'What waits for a person, and why',
    query: s.ParkedQuery,
    answer: s.pageOf(s.ParkedItem),
    run: (o, r) => o.parkedList(r.query),
  },
  {
    method: 'GET',
    path: '/records',
    operation: 'recordList',
    scope: 'read',
    summary: 'Records of one order as they came, newest first, without their bytes',
    query: s.RecordQuery,
    answer: s.pageOf(s.RecordSummary),
    run: (o, r) => o.recordList(r.query),
  },
  {
    method: 'GET',
    path: '/records/:id',
    operation: 'recordShow',
    scope: 'read',
    summary: 'One record, and what is left of its bytes',
    answer: s.RecordDetail,
    run: (o, r) => o.recordShow({ id: r.params.id }),
  },
  {
    method: 'GET',
    path: '/documents',
    operation: 'documentList',
    scope: 'read',
    summary: 'Documents of every kind, newest first',
    query: d.DocumentQuery,
    answer: s.pageOf(d.DocumentSummary),
    run: (o, r) => o.documentList(r.query),
  },
  {
    method: 'GET',
    path: '/documents/:connection/:kind/:externalId',
    operation: 'documentShow',
    scope: 'read',
    summary: 'One document; content=true (scope operate) adds its fields, which hold personal data',
    query: Type.Object({ content: Flag }, { additionalProperties: false }),
    answer: d.DocumentDetail,
    run: (o, r) => {
      if (r.query.content && r.scope !== 'operate')
        throw runtimeError('RUNTIME_FORBIDDEN', { scope: 'operate' })
      const { connection, kind, externalId } = r.params
      return o.documentShow({
        ref: `${connection}/${kind}/${externalId}`,
        content: r.query.content === true,
      })
    },
  },
  {
    method: 'GET',
    path: '/codes',
    operation: 'codeList',
    scope: 'read',
    summary: 'Entries of code tables, by connection, table and key',
    query: c.CodeQuery,
    answer: s.pageOf(c.CodeItem),
    run: (o, r) => o.codeList(r.query),
  },
  {
    method: 'GET',
    path: '/codes/tables',
    operation: 'codeTables',
    scope: 'read',
    summary: 'The code tables and how many entries they have',
    query: c.TableQuery,
    answer: Type.Array(c.CodeTable),
    run: (o, r) => o.codeTables(r.query),
  },
  {
    method: 'GET',
    path: '/codes/missing',
    operation: 'codeMissing',
    scope: 'read',
    summary: 'Keys that things wait for, those that hold up most orders first',
    query: c.MissingQuery,
    answer: Type.Array(c.CodeMissing),
    run: (o, r) => o.codeMissing(r.query),
  },
  {
    method: 'GET',
    path: '/configuration',
    operation: 'configurationState',
    scope: 'read',
    summary: 'What is active, and which processes run by it; "tributary apply" changes it',
    answer: configuration.ConfigurationState,
    run: (o) => o.configurationState({}),
  },
  {
    method: 'GET',
    path: '/configuration/activations',
    operation: 'configurationList',
    scope: 'read',
    summary: 'What was activated when and by whom, newest first',
    query: configuration.ActivationQuery,
    answer: s.pageOf(configuration.ActivationSummary),
    run: (o, r) => o.configurationList(r.query),
  },
  {
    method: 'GET',
    path: '/pauses',
    operation: 'pauses',
    scope: 'read',
    summary: 'What is stopped, by whom and why',
    answer: Type.Array(s.Pause),
    run: (o) => o.pauses({}),
  },
]

const operating: ApiRoute[] = [
  {
    method: 'GET',
    path: '/configuration/activations/:id',
    operation: 'configurationShow',
    scope: 'operate',
    summary: 'One activation with the files that it consists of',
    answer: configuration.ConfigurationDetail,
    run: (o, r) => o.configurationShow({ id: r.params.id }),
  },
  {
    method: 'GET',
    path: '/records/:id/body',
    operation: 'recordBody',
    scope: 'operate',
    summary: 'The exact bytes of a record with their content type; they hold personal data. 410: trimmed',
    answer: 'bytes',
    run: (o, r) => o.recordBody({ id: r.params.id }),
  },
  {
    method: 'POST',
    path: '/pushes/retry',
    operation: 'pushRetry',
    scope: 'operate',
    summary: 'Makes rejected, parked or waiting pushes due now',
    body: s.PushSelection,
    answer: s.Changed,
    run: (o, r) => o.pushRetry({ select: selected(r.body), ...actor(r) }),
  },
  {
    method: 'POST',
    path: '/pushes/:id/resolve',
    operation: 'pushResolve',
    scope: 'operate',
    summary: 'Says what a person found out about a push',
    body: s.ResolveBody,
    answer: s.PushSummary,
    run: (o, r) => o.pushResolve({ id: r.params.id, resolution: resolution(r.body), ...actor(r) }),
  },
  {
    method: 'POST',
    path: '/parked/retry',
    operation: 'parkedRetry',
    scope: 'operate',
    summary: 'Tries parked things again',
    body: s.ParkedSelection,
    answer: s.Changed,
    run: (o, r) => o.parkedRetry({ select: selected(r.body), ...actor(r) }),
  },
  {
    method: 'POST',
    path: '/parked/discard',
    operation: 'parkedDiscard',
    scope: 'operate',
    summary: 'Gives parked things up; the journal keeps who and why',
    body: s.ParkedSelection,
    answer: s.Changed,
    run: (o, r) => o.parkedDiscard({ select: selected(r.body), ...actor(r) }),
  },
  {
    method: 'POST',
    path: '/replay',
    operation: 'replay',
    scope: 'operate',
    summary: 'Normalizes stored records again',
    body: s.ReplayBody,
    answer: Type.Object({ records: Type.Integer() }),
    run: (o, r) => {
      const { why: _, ...request } = r.body
      return o.replay({ ...request, ...actor(r) })
    },
  },
  {
    method: 'POST',
    path: '/codes/import',
    operation: 'codeImport',
    scope: 'operate',
    summary: 'Writes up to 5,000 entries, all or none, and sets going what waited for them',
    body: c.ImportBody,
    answer: c.CodeImported,
    run: (o, r) => {
      const { entries, dryRun } = r.body
      return o.codeImport({ entries, dryRun: dryRun === true, ...actor(r) })
    },
  },
  {
    method: 'POST',
    path: '/pauses',
    operation: 'pause',
    scope: 'operate',
    summary: 'Stops a connection, a flow or a kind of document',
    body: s.PauseBody,
    answer: s.Pause,
    run: (o, r) => o.pause({ ...scopeOf(r.body), ...actor(r) }),
  },
  {
    method: 'POST',
    path: '/pauses/resume',
    operation: 'resume',
    scope: 'operate',
    summary: 'Lets it go on',
    body: s.PauseBody,
    answer: Type.Object({ resumed: Type.Array(s.Pause) }),
    run: (o, r) => o.resume({ ...scopeOf(r.body), ...actor(r) }),
  },
]

function scopeOf(body: { connection?: string; flow?: string; kind?: DocumentKind }) {
  const { connection, flow, kind } = body
  const scope = { ...(connection && { connection }), ...(flow && { flow }), ...(kind && { kind }) }
  if (Object.keys(scope).length === 0) {
    throw runtimeError('RUNTIME_REQUEST', { field: 'body', reason: 'name a connection, a flow or a kind' })
  }
  return scope
}

/** All of /v1. Tokens, backups and activations are made by the CLI alone. */
export const ROUTES: readonly ApiRoute[] = [
  ...reading,
  ...BACKFILL_READING,
  ...operating,
  ...BACKFILL_OPERATING,
  ...ALERT_ROUTES,
]
