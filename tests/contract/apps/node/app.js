// SPDX-License-Identifier: Apache-2.0
// The contract application on wrap(), with values as bytes: tests/contract/README.md.
'use strict';

const {buffer} = require('node:stream/consumers');
const {setTimeout} = require('node:timers/promises');

const {understudy, isExclusive, send, serve} = require('./member');

const JSON_TYPE = 'application/json';
const TEXT = 'text/plain; charset=utf-8';

const countOf = (session) => Number(session.get('count') ?? 0);
const countAnswer = (session, count, replayed) =>
  JSON.stringify({session: session.id, count, member: session.node.memberName, replayed});

const handlers = {
  '/count'(session) {
    const count = countOf(session) + (session.isReplayed ? 0 : 1);
    session.set('count', String(count));
    session.storeResponse(200, ['Content-Type', JSON_TYPE], countAnswer(session, count, true));
    return [200, JSON_TYPE, countAnswer(session, count, session.isReplayed)];
  },
  '/value': (session) => [200, JSON_TYPE, countAnswer(session, countOf(session), false)],
  '/set'(session, field, body) {
    session.set(field('name'), body);
    return [204];
  },
  '/get'(session, field) {
    const value = session.get(field('name'));
    return value ? [200, 'application/octet-stream', value] : [404];
  },
  '/remove'(session, field) {
    session.delete(field('name'));
    return [204];
  },
  '/login'(session, field) {
    if (!session.isReplayed) session.rotateId();
    session.set('user', field('user'));
    return [200, JSON_TYPE, JSON.stringify({session: session.id, user: field('user')})];
  },
  '/whoami': (session) =>
    [200, JSON_TYPE, JSON.stringify({user: session.get('user')?.toString() ?? null})],
  '/logout'(session) {
    session.invalidate();
    return [204];
  },
  '/append'(session, field) {
    session.set('log', (session.get('log') ?? '') + field('text'));
    return [200, TEXT, session.get('log')];
  },
  '/size'(session, field) {
    session.set('big', Buffer.alloc(Number(field('bytes')), 'x'));
    return [204];
  },
  '/throw'(session) {
    session.set('thrown', '1');
    throw new Error('the handler of /throw throws');
  },
  async '/slow'(session, field) {
    await setTimeout(Number(field('ms')));
    return [200, TEXT, 'slow\n'];
  },
  '/fork': () => [501],
};

serve(understudy.wrap(async (req, res) => {
  const url = new URL(req.url, 'http://member');
  const handler = handlers[url.pathname] ?? (() => [404]);
  const body = await buffer(req);
  send(res, ...await handler(req.understudy, (name) => url.searchParams.get(name) ?? '', body));
}, {exclusive: isExclusive}));
