// SPDX-License-Identifier: Apache-2.0
// A cluster of one member, in this process, and questions to it.
'use strict';

const dgram = require('node:dgram');
const {once} = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

// Free for TCP and UDP a moment ago, and no port that clients get.
async function freePort() {
  for (;;) {
    const port = 15000 + Math.floor(Math.random() * 17000);
    const tcp = net.createServer();
    const udp = dgram.createSocket('udp4');
    try {
      tcp.listen(port, '127.0.0.1');
      await once(tcp, 'listening');
      udp.bind(port, '127.0.0.1');
      await once(udp, 'listening');
      return port;
    } catch {
      continue; // in use
    } finally {
      await new Promise((resolve) => tcp.close(resolve));
      udp.close();
    }
  }
}

// The path of a configuration, in a directory of its own.
async function configure(extra = {}) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-node-'));
  const directives = {
    MemberName: 'a', Listen: `127.0.0.1:${await freePort()}`,
    ClusterListen: `127.0.0.1:${await freePort()}`, ClusterInsecure: 'On',
    HeartbeatInterval: '200ms', SessionCookie: 'SID', SoftSessionBytes: '32K',
    MaxSessionBytes: '64K', DrainTimeout: '5s', LogLevel: 'error', ...extra,
  };
  const file = path.join(directory, 'a.conf');
  fs.writeFileSync(file, Object.entries(directives).map((line) => line.join(' ') + '\n').join(''));
  return file;
}

const remove = (config) => fs.rmSync(path.dirname(config), {recursive: true});

// One that keeps the session's cookie.
class Browser {
  cookie = '';

  constructor(port) { this.port = port; }

  ask(method, target, {headers = {}, body} = {}) {
    return new Promise((resolve, reject) => {
      const sent = {...headers, ...(this.cookie && {Cookie: this.cookie})};
      const options = {port: this.port, host: '127.0.0.1', method, path: target, headers: sent,
        agent: false};
      http.request(options, async (res) => {
        const chunks = [];
        for await (const chunk of res) chunks.push(chunk);
        const ours = (res.headers['set-cookie'] ?? []).find((line) => line.startsWith('SID='));
        if (ours) this.cookie = ours.split(';')[0];
        resolve({status: res.statusCode, headers: res.headers,
          body: Buffer.concat(chunks).toString()});
      }).on('error', reject).end(body);
    });
  }

  get(target, more) { return this.ask('GET', target, more); }
  post(target, more) { return this.ask('POST', target, more); }
}

// A server of this process.
async function serve(listener) {
  const server = http.createServer(listener);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

module.exports = {configure, remove, freePort, Browser, serve};
