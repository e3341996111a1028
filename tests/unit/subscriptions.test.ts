/** What is between the webhook subscriptions that a platform has and those that are wanted. */
import { describe, expect, it } from 'vitest'
import { planSubscriptions, type Subscription, type WantedSubscription } from '../../src/core/subscription.ts'

const OWN = 'https://hooks.example.com/in/webhooks/web/'
const found = (id: string, topic: string, at = topic, active = true): Subscription => ({
  id,
  topic,
  address: /^https?:/i.test(at) ? at : `${OWN}${at}`,
  active,
})
const want = (topic: string, query = ''): WantedSubscription => ({
  webhook: topic,
  topic,
  address: `${OWN}${topic}${query}`,
})
const plan = (there: Subscription[], wanted: WantedSubscription[], renew = false) =>
  planSubscriptions(there, { own: OWN, wanted, renew }).map((s) => [
    s.webhook,
    s.state,
    s.does,
    s.found?.id ?? null,
  ])

describe('the plan of subscriptions', () => {
  it.each<[string, Subscription[], WantedSubscription[], boolean, unknown[]]>([
    [
      'nothing there',
      [],
      [want('a'), want('b')],
      false,
      [
        ['a', 'missing', 'create', null],
        ['b', 'missing', 'create', null],
      ],
    ],
    ['all there', [found('1', 'a')], [want('a')], false, [['a', 'ok', 'keep', '1']]],
    ['switched off', [found('1', 'a', 'a', false)], [want('a')], false, [['a', 'disabled', 'repair', '1']]],
    [
      'twice: the one that sends is kept',
      [found('1', 'a', 'a', false), found('2', 'a'), found('3', 'a')],
      [want('a')],
      false,
      [
        ['a', 'ok', 'keep', '2'],
        ['a', 'twice', 'remove', '1'],
        ['a', 'twice', 'remove', '3'],
      ],
    ],
    [
      'of another topic at our address',
      [found('1', 'b', 'a')],
      [want('a')],
      false,
      [
        ['a', 'missing', 'create', null],
        ['a', 'unwanted', 'remove', '1'],
      ],
    ],
    [
      'not wanted any more',
      [found('1', 'a'), found('2', 'gone')],
      [want('a')],
      false,
      [
        ['a', 'ok', 'keep', '1'],
        ['gone', 'unwanted', 'remove', '2'],
      ],
    ],
    ['none wanted', [found('1', 'a')], [], false, [['a', 'unwanted', 'remove', '1']]],
    [
      'renewed',
      [found('1', 'a')],
      [want('a'), want('b')],
      true,
      [
        ['a', 'ok', 'repair', '1'],
        ['b', 'missing', 'create', null],
      ],
    ],
    [
      'another secret in the address',
      [found('1', 'a', `${OWN}a?token=old`)],
      [want('a', '?token=new')],
      false,
      [
        ['a', 'missing', 'create', null],
        ['a', 'unwanted', 'remove', '1'],
      ],
    ],
    [
      'of others: another host, another connection, another path, no address at all',
      [
        found('1', 'a', 'https://other.example.com/in/webhooks/web/a'),
        found('2', 'a', 'https://hooks.example.com/in/webhooks/web2/a'),
        found('3', 'a', 'https://hooks.example.com/a'),
        found('4', 'a', 'http://hooks.example.com/in/webhooks/web/a'),
        { id: '5', topic: 'a', address: 'arn:aws:events:x', active: true },
        { id: '6', topic: 'a', address: '', active: true },
      ],
      [],
      false,
      [],
    ],
    [
      'written differently',
      [found('1', 'a', 'HTTPS://Hooks.Example.com:443/in/webhooks/web/a')],
      [want('a')],
      false,
      [['a', 'ok', 'keep', '1']],
    ],
  ])('%s', (_, there, wanted, renew, steps) => {
    expect(plan(there, wanted, renew)).toEqual(steps)
  })
})
