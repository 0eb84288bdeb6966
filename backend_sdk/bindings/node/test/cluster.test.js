// SPDX-License-Identifier: Apache-2.0
// node:cluster: each worker is a member; the death of one loses nothing.
'use strict';

const assert = require('node:assert/strict');
const {fork} = require('node:child_process');
const {once} = require('node:events');
const path = require('node:path');
const {test} = require('node:test');

const {configure, remove, freePort, Browser} = require('./support');

test('the session of a worker that is killed is found at another one', async () => {
  const clusters = [await freePort(), await freePort(), await freePort()];
  const configs = [];
  for (const [i, port] of clusters.entries()) {
    configs.push(await configure({
      MemberName: 'abc'[i], Machine: `machine-${i}`, ClusterListen: `127.0.0.1:${port}`,
      ClusterMembers: clusters.map((each) => `127.0.0.1:${each}`).join(','),
    }));
  }
  const primary = fork(path.join(__dirname, 'cluster_program.js'), configs);
  try {
    const workers = [];
    while (workers.length < 3) workers.push((await once(primary, 'message'))[0]);
    const browser = new Browser(workers[0].port);
    assert.equal((await browser.post('/')).body, '1');
    assert.equal((await browser.post('/')).body, '2');
    process.kill(workers[0].pid, 'SIGKILL');
    // As the proxy asks the others, until one of them has taken over.
    const headers = {'Understudy-Failover': 'refused'};
    let answered = {};
    for (let turn = 0; turn < 200 && answered.status !== 200; ++turn) {
      browser.port = workers[1 + turn % 2].port;
      answered = await browser.post('/', {headers});
    }
    assert.equal(answered.body, '3');
  } finally {
    primary.kill();
    await once(primary, 'exit');
    configs.forEach(remove);
  }
});
