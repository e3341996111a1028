/** The routes of /v1 about alerts; see api-routes.ts. */
import { Type } from 'typebox'
import * as a from './api-alert-schemas.ts'
import { type ApiRoute, actor } from './api-route.ts'
import { pageOf } from './api-schemas.ts'

export const ALERT_ROUTES: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: '/alerts',
    operation: 'alertList',
    scope: 'read',
    summary: 'What is wrong now, newest first; all=true adds what is over',
    query: a.AlertQuery,
    answer: pageOf(a.AlertSummary),
    run: (o, r) => o.alertList(r.query),
  },
  {
    method: 'GET',
    path: '/alerts/mutes',
    operation: 'alertMutes',
    scope: 'read',
    summary: 'Causes that nobody is told of for a while',
    answer: Type.Array(a.AlertMute),
    run: (o) => o.alertMutes({}),
  },
  {
    method: 'GET',
    path: '/alerts/:id',
    operation: 'alertShow',
    scope: 'read',
    summary: 'One alert with its figures and the messages sent about it',
    answer: a.AlertDetail,
    run: (o, r) => o.alertShow({ ref: r.params.id }),
  },
  {
    method: 'POST',
    path: '/alerts/mute',
    operation: 'alertMute',
    scope: 'operate',
    summary: 'Tells nobody of a cause for a while',
    body: a.MuteBody,
    answer: a.AlertMute,
    run: (o, r) => o.alertMute({ cause: r.body.cause, for: r.body.for, ...actor(r) }),
  },
  {
    method: 'POST',
    path: '/alerts/unmute',
    operation: 'alertUnmute',
    scope: 'operate',
    summary: 'Tells of it again',
    body: a.UnmuteBody,
    answer: a.AlertMute,
    run: (o, r) => o.alertUnmute({ cause: r.body.cause, ...actor(r) }),
  },
  {
    method: 'POST',
    path: '/alerts/test',
    operation: 'alertTest',
    scope: 'operate',
    summary: 'Sends a message that says it is a test, and tells what the channel answered',
    body: a.TestBody,
    answer: a.AlertTest,
    run: (o, r) => o.alertTest({ channel: r.body.channel, ...actor(r) }),
  },
]
