// SPDX-License-Identifier: Apache-2.0
// Workers of node:cluster, one for each configuration; of cluster.test.js.
'use strict';

const cluster = require('node:cluster');
const http = require('node:http');

const understudy = require('..');

if (cluster.isPrimary) {
  for (const config of process.argv.slice(2)) cluster.fork({CONFIG: config});
  cluster.on('message', (worker, said) => process.send(said));
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGKILL');
    process.exit(0);
  });
} else {
  const node = understudy.openNode(process.env.CONFIG);
  const server = http.createServer(understudy.wrap((req, res) => {
    const count = Number(req.understudy.get('count') ?? 0) + 1;
    req.understudy.set('count', String(count));
    res.end(String(count));
  }));
  // exclusive: an address of the worker's own, not one that cluster shares.
  server.listen({...node.address, exclusive: true}, async () => {
    await node.waitReady(20000, understudy.Readiness.PROTECTED);
    process.send({pid: process.pid, port: node.address.port});
  });
}
