// SPDX-License-Identifier: Apache-2.0
// session(), as express-session is used; under express too, where that is installed.
'use strict';

const assert = require('node:assert/strict');
const {after, before, beforeEach, test} = require('node:test');

const understudy = require('..');
const {configure, remove, Browser, serve} = require('./support');

let config;
let node;
let server;
let client;
let handler;

before(async () => {
  config = await configure();
  node = new understudy.Node(config);
  await node.waitReady(20000);
  const middleware = understudy.session({node});
  server = await serve((req, res) => middleware(req, res, (failure) => {
    if (failure) throw failure;
    handler(req, res);
  }));
});

after(() => {
  server.close();
  node.close();
  remove(config);
});

beforeEach(() => { client = new Browser(server.address().port); });

// What `work` gives of a request.
async function run(work) {
  handler = async (req, res) => {
    const result = await work(req);
    res.end(JSON.stringify(result) ?? '');
  };
  const answered = await client.post('/');
  assert.equal(answered.status, 200, answered.body);
  return answered.body && JSON.parse(answered.body);
}

const called = (call) => new Promise((resolve, reject) => {
  call((failure) => (failure ? reject(failure) : resolve()));
});

test('a change inside of a value is found', async () => {
  await run((req) => { req.session.items = ['one']; });
  await run((req) => { req.session.items.push('two'); });
  assert.deepEqual(await run((req) => req.session.items), ['one', 'two']);
});

test('only what has changed is written', async () => {
  await run((req) => Object.assign(req.session, {a: 1, b: [2]}));
  for (let i = 0; i < 3; ++i) assert.equal(await run((req) => req.session.understudy.version), 1);
});

test('a key that is deleted, or undefined, is removed', async () => {
  await run((req) => Object.assign(req.session, {a: 1, b: 2, c: 3}));
  await run((req) => {
    delete req.session.a;
    req.session.b = undefined;
  });
  assert.deepEqual(await run((req) => Object.keys(req.session)), ['c']);
});

test('attributes of other programs stay', async () => {
  await run((req) => { req.session.a = 1; });
  await run((req) => { req.session.understudy.set('theirs', Buffer.from([0xff, 0x7b])); });
  await run((req) => { req.session.a = 2; });
  assert.deepEqual(await run((req) => [...req.session.understudy.get('theirs')]), [0xff, 0x7b]);
});

test('regenerate: a new id, and nothing in it', async () => {
  await run((req) => Object.assign(req.session, {user: 'ann', cart: [1]}));
  const before = await run((req) => req.sessionID);
  await run(async (req) => {
    await called((done) => req.session.regenerate(done));
    req.session.user = 'bob';
    await called((done) => req.session.save(done));
  });
  assert.deepEqual(await run((req) => ({...req.session})), {user: 'bob'});
  assert.notEqual(await run((req) => req.sessionID), before);
});

test('destroy: no session, and the cookie is worth nothing', async () => {
  await run((req) => { req.session.a = 1; });
  const {cookie} = client;
  await run(async (req) => {
    await called((done) => req.session.destroy(done));
    assert.equal(req.session, undefined);
  });
  client.cookie = cookie;
  assert.deepEqual(await run((req) => ({...req.session})), {});
});

test('reload: as the request found it', async () => {
  await run((req) => { req.session.a = 1; });
  assert.equal(await run(async (req) => {
    req.session.a = 2;
    await called((done) => req.session.reload(done));
    return req.session.a;
  }), 1);
});

test('what cannot be kept is a 500 that says so', async (context) => {
  context.mock.method(console, 'error', () => {});
  handler = (req, res) => {
    req.session.circle = req.session;
    res.end('done');
  };
  const answered = await client.post('/');
  assert.equal(answered.status, 500);
  assert.match(answered.body, /could not be kept/);
});

test('a second session() in a chain leaves the first alone', async () => {
  const second = understudy.session({node});
  assert.equal(await run((req) => new Promise((resolve) => {
    const {session} = req;
    second(req, null, () => resolve(req.session === session));
  })), true);
});

let express;
try {
  express = require('express');
} catch { /* tests/contract/run --install fetches it */ }
test('under express, an error handler commits nothing', {skip: !express}, async () => {
  const app = express();
  app.use(understudy.session({node}));
  app.get('/set', (req, res) => {
    req.session.n = (req.session.n ?? 0) + 1;
    res.cookie('own', '1').json(req.session.n);
  });
  app.get('/throw', (req) => {
    req.session.n = 100;
    throw new Error('thrown');
  });
  app.use((failure, req, res, next) => res.status(500).send('sorry'));
  const own = await serve(app);
  const its = new Browser(own.address().port);
  const first = await its.get('/set');
  assert.equal(first.headers['set-cookie'].length, 2);
  assert.equal((await its.get('/throw')).status, 500);
  assert.equal((await its.get('/set')).body, '2');
  own.close();
});
