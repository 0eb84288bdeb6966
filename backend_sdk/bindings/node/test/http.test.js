// SPDX-License-Identifier: Apache-2.0
// wrap(): each way in which node:http lets a handler answer.
'use strict';

const assert = require('node:assert/strict');
const {Readable} = require('node:stream');
const {after, before, test} = require('node:test');
const {setTimeout} = require('node:timers/promises');

const understudy = require('..');
const {configure, remove, Browser, serve} = require('./support');

let config;
let node;
let server;
let handler;

before(async () => {
  config = await configure();
  node = new understudy.Node(config);
  await node.waitReady(20000);
  server = await serve(understudy.wrap((req, res) => handler(req, res), {node}));
});

after(() => {
  server.close();
  node.close();
  remove(config);
});

const browser = () => new Browser(server.address().port);

const ways = {
  'end(body)': (res) => res.end('onetwo'),
  'write, write, end': (res) => {
    assert.equal(res.write('one'), false);
    assert.equal(res.headersSent, true);
    res.write('two');
    res.end();
  },
  'writeHead(status, headers), end': (res) => {
    res.writeHead(200, {'X-Own': 'yes', 'Set-Cookie': 'own=1'});
    res.end('onetwo');
  },
  'writeHead(status, text, [name, value]), end': (res) => {
    res.writeHead(200, 'Fine', ['X-Own', 'yes', 'Set-Cookie', 'own=1', 'Set-Cookie', 'more=2']);
    res.end('onetwo');
  },
  'flushHeaders, later end': async (res) => {
    res.flushHeaders();
    await setTimeout(20);
    res.end('onetwo');
  },
  'pipe': (res) => Readable.from(['one', 'two']).pipe(res),
};
for (const [name, answer] of Object.entries(ways)) {
  test(`${name} commits`, async () => {
    const client = browser();
    handler = (req, res) => {
      req.understudy.set('a', name);
      return answer(res);
    };
    const answered = await client.post('/');
    assert.equal(answered.status, 200);
    assert.equal(answered.body, 'onetwo');
    if (name.startsWith('writeHead')) {
      assert.equal(answered.headers['x-own'], 'yes');
      assert.ok(answered.headers['set-cookie'].includes('own=1'));
    }
    handler = (req, res) => res.end(req.understudy.get('a'));
    assert.equal((await client.get('/')).body, name);
  });
}

test('more than the buffers hold is streamed with back-pressure', async () => {
  handler = (req, res) => Readable.from(Array(300).fill('x'.repeat(10000))).pipe(res);
  assert.equal((await browser().get('/')).body.length, 3000000);
});

test('what wraps the response, before and after, is asked too', async () => {
  const wraps = (letter) => (res) => {
    const {write, end, writeHead} = res;
    res.writeHead = function writeHeadOfWrap(...args) {
      res.setHeader(`X-Wrap-${letter}`, 'yes');
      return writeHead.apply(res, args);
    };
    res.write = (chunk) => write.call(res, chunk + letter);
    res.end = (chunk) => end.call(res, chunk === undefined ? chunk : chunk + letter);
  };
  const inner = understudy.wrap((req, res) => {
    wraps('b')(res);
    req.understudy.set('a', '1');
    res.write('1');
    res.end('2');
  }, {node});
  const own = await serve((req, res) => {
    wraps('a')(res);
    inner(req, res);
  });
  const answered = await new Browser(own.address().port).post('/');
  own.close();
  assert.equal(answered.body, '1ba2ba');
  assert.equal(answered.headers['x-wrap-a'], 'yes');
  assert.equal(answered.headers['x-wrap-b'], 'yes');
  assert.match(answered.headers['set-cookie'][0], /^SID=/);
});

test('a reply in place of the answer does not pass what has wrapped the answer', async () => {
  handler = (req, res) => {
    const {end} = res;
    let isEnded = false;
    res.end = (chunk) => {
      if (isEnded) throw new Error('ended twice');
      isEnded = true;
      return end.call(res, chunk);
    };
    req.understudy.set('a', 'x'.repeat(70000));
    res.end('done');
  };
  assert.equal((await browser().post('/')).status, 500);
});

test('HEAD has no body', async () => {
  handler = (req, res) => res.end('body');
  const answered = await browser().ask('HEAD', '/');
  assert.equal(answered.status, 200);
  assert.equal(answered.body, '');
});

const failures = {
  'throws': () => { throw new Error('thrown'); },
  'rejects': async () => { throw new Error('rejected'); },
  'answers 500': (req, res) => { res.writeHead(500).end('sorry'); },
};
for (const [name, fail] of Object.entries(failures)) {
  test(`a handler that ${name} commits nothing`, async (context) => {
    context.mock.method(console, 'error', () => {});
    const client = browser();
    handler = (req, res) => {
      req.understudy.set('a', '1');
      return fail(req, res);
    };
    assert.equal((await client.post('/')).status, 500);
    assert.equal(client.cookie, '');
    handler = (req, res) => res.end(String(req.understudy.get('a')));
    assert.equal((await client.get('/')).body, 'undefined');
  });
}

test('a session that is too large is refused with a text, in place of the answer', async () => {
  handler = (req, res) => {
    req.understudy.set('a', 'x'.repeat(70000));
    res.setHeader('X-Own', 'yes');
    res.end('done');
  };
  const answered = await browser().post('/');
  assert.equal(answered.status, 500);
  assert.ok(answered.body.length > 20 && !answered.body.includes('done'), answered.body);
  assert.equal(answered.headers['x-own'], undefined);
});

test('a client that goes away leaves no request under way', async () => {
  const before = node.statistics().requestsUnderWay;
  let session;
  const arrived = new Promise((resolve) => {
    handler = (req) => {
      session = req.understudy;
      req.socket.destroy();
      req.on('close', resolve);
    };
  });
  await assert.rejects(browser().get('/'));
  await arrived;
  await setTimeout(0);
  assert.throws(() => session.id, {code: 'UNDERSTUDY_CLOSED'});
  assert.ok(node.statistics().requestsUnderWay <= before + 1);
});
