// SPDX-License-Identifier: Apache-2.0
'use strict';

const assert = require('node:assert/strict');
const {spawnSync} = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const {after, before, test} = require('node:test');

const understudy = require('..');
const {configure, remove} = require('./support');

let config;
let node;

before(async () => {
  config = await configure();
  node = understudy.openNode(config);
  await node.waitReady(20000);
});

after(() => {
  node.close();
  remove(config);
});

// Requests of one client.
class Visitor {
  cookie = '';

  begin({method = 'GET', headers = [], isExclusive = false} = {}) {
    const sent = this.cookie ? ['Cookie', this.cookie, ...headers] : headers;
    return node.begin({method, url: '/', headers: sent, isExclusive});
  }

  async finish(session) {
    const reply = await session.finish();
    const at = reply.headers.indexOf('Set-Cookie');
    if (at >= 0) this.cookie = reply.headers[at + 1].split(';')[0];
    return reply;
  }
}

test('a session is a map of bytes', async () => {
  const visitor = new Visitor();
  const {session} = await visitor.begin();
  const bytes = Buffer.from(Array.from({length: 256}, (_, i) => i));
  session.set('b', '2').set('a', bytes).set('größe', new Uint8Array(0));
  assert.equal(session.delete('b'), true);
  assert.equal(session.delete('b'), false);
  assert.deepEqual(session.keys(), ['a', 'größe']);
  assert.equal(session.get('b'), undefined);
  assert.throws(() => session.set('n', 7), {code: 'UNDERSTUDY_ARGUMENT'});
  assert.equal((await visitor.finish(session)).status, 0);
  const {session: again} = await visitor.begin();
  assert.deepEqual(again.get('a'), bytes);
  assert.equal(again.size, 2);
  assert.equal(again.isNew, false);
  assert.equal(again.version, 1);
  again.drop();
});

test('one that is over says so', async () => {
  const visitor = new Visitor();
  const {session} = await visitor.begin();
  await visitor.finish(session);
  for (const call of [() => session.get('a'), () => session.id, () => session.set('a', 'b'),
    () => session.keys(), () => session.rotateId()]) {
    assert.throws(call, {code: 'UNDERSTUDY_CLOSED'});
  }
  await assert.rejects(session.finish(), {code: 'UNDERSTUDY_CLOSED'});
  session.drop();
});

test('a refused change says why and fails the request', async () => {
  const visitor = new Visitor();
  const {session} = await visitor.begin();
  assert.throws(() => session.set('', 'x'), {code: 'UNDERSTUDY_REFUSED', message: /name/});
  assert.match(session.refusal, /name/);
  assert.equal((await visitor.finish(session)).status, 500);
});

test('the same request gets the answer that was stored', async () => {
  const visitor = new Visitor();
  const {session: first} = await visitor.begin();
  first.set('a', '1');
  await visitor.finish(first);
  const headers = ['Understudy-Request-Id', crypto.randomBytes(8).toString('hex')];
  const {session} = await visitor.begin({method: 'POST', headers});
  session.set('a', '2');
  session.storeResponse(201, ['X-Kind', 'stored'], Buffer.from('\0body'));
  await session.finish();
  const {reply} = await visitor.begin({method: 'POST', headers});
  assert.equal(reply.status, 201);
  assert.equal(reply.body.toString(), '\0body');
  assert.ok(reply.headers.includes('stored'));
});

test('the loop goes on while requests wait', async () => {
  const visitor = new Visitor();
  const {session: first} = await visitor.begin({isExclusive: true});
  first.set('a', '1');
  await visitor.finish(first);
  const {session: held} = await visitor.begin({isExclusive: true});
  let isBegun = false;
  const waiting = visitor.begin({isExclusive: true}).then((begun) => {
    isBegun = true;
    return begun;
  });
  const others = await Promise.all(Array.from({length: 50}, () => new Visitor().begin()));
  for (const {session} of others) session.drop();
  assert.equal(isBegun, false);
  held.drop();
  (await waiting).session.drop();
});

test('a wrong configuration says where', async () => {
  const wrong = await configure({MemberWeight: 'many'});
  assert.throws(() => new understudy.Node(wrong),
    {code: 'UNDERSTUDY_CONFIGURATION', message: /a\.conf:\d+:14: error:/});
  remove(wrong);
});

test('a node that is closed says so, and one is enough', async () => {
  const own = await configure();
  const other = new understudy.Node(own);
  await other.waitReady(20000);
  await assert.rejects(other.waitReady(20, understudy.Readiness.PROTECTED),
    {code: 'UNDERSTUDY_NOT_READY'});
  assert.match(other.metrics(), /understudy_sessions_primary/);
  assert.equal(other.statistics().membersAlive, 1);
  await assert.rejects(other.reloadKeys());
  await other.drain();
  assert.equal(other.readiness, understudy.Readiness.LEAVING);
  await assert.rejects(other.waitReady(1000), {message: 'the node is leaving'});
  other.close();
  other.close();
  await assert.rejects(other.begin({method: 'GET', url: '/'}), {code: 'UNDERSTUDY_CLOSED'});
  await assert.rejects(other.drain(), {code: 'UNDERSTUDY_CLOSED'});
  assert.throws(() => other.statistics(), {code: 'UNDERSTUDY_CLOSED'});
  assert.throws(() => understudy.openNode(own), /has a node already: a/);
  remove(own);
});

// What a program does wrong at its end, in processes of their own.
const ends = {
  'a process that forgets to close ends all the same': `
    node.waitReady(20000).then(() => process.exit(0));`,
  'a request that is never finished does not keep the process': `
    node.waitReady(20000).then(() => node.begin({method: 'GET', url: '/'}));`,
  'sessions and nodes are collected': `
    (async () => {
      await node.waitReady(20000);
      for (let i = 0; i < 500; ++i) await node.begin({method: 'GET', url: '/'});
      for (let i = 0; i < 100 && node.statistics().requestsUnderWay > 1; ++i) {
        gc();
        await new Promise(setImmediate);
        (await node.begin({method: 'GET', url: '/'})).session.drop();
      }
      if (node.statistics().requestsUnderWay > 1) throw new Error('they are kept');
      node = null;
      for (let i = 0; i < 5; ++i) { gc(); await new Promise(setImmediate); }
    })();`,
  'a worker thread has a node of its own, and may be ended': `
    const {Worker} = require('node:worker_threads');
    node.close();
    const worker = new Worker(\`
      const {parentPort} = require('node:worker_threads');
      const node = require('\${process.argv[1]}').openNode('\${process.argv[2]}');
      node.waitReady(20000).then(() => node.begin({method: 'GET', url: '/'}))
        .then(({session}) => parentPort.postMessage(session.isNew));
      setInterval(() => {}, 1000);\`, {eval: true});
    worker.on('message', (isNew) => worker.terminate().then(() => process.exit(isNew ? 0 : 1)));
    worker.on('error', (failure) => { throw failure; });`,
};
for (const [name, code] of Object.entries(ends)) {
  test(name, async () => {
    const own = await configure();
    const start = 'let node = require(process.argv[1]).openNode(process.argv[2]);';
    const ended = spawnSync(process.execPath, ['--expose-gc', '-e', start + code,
      path.dirname(__dirname), own], {timeout: 60000, encoding: 'utf8'});
    assert.equal(ended.status, 0, `${ended.signal} ${ended.stderr}`);
    remove(own);
  });
}

test('the types name what there is', () => {
  const types = fs.readFileSync(path.join(__dirname, '..', 'index.d.ts'), 'utf8');
  for (const name of Object.keys(understudy)) {
    assert.match(types, new RegExp(`export (class|function|const) ${name}\\b`));
  }
  for (const name of Object.keys(node.statistics())) {
    assert.match(types, new RegExp(`^  ${name}: number;$`, 'm'));
  }
});
