// SPDX-License-Identifier: Apache-2.0
// A plain Node.js application: its sessions live in this process and nowhere else.
// app.js PORT NAME: GET / answers "NAME COUNT COOKIES" and sets a cookie `app` of its own.
const http = require('http');
const crypto = require('crypto');
const [port, name] = process.argv.slice(2);
const sessions = new Map();
http.createServer((request, response) => {
  const received = request.headers.cookie || '';
  const found = /(?:^|; )app=([0-9a-f]+)/.exec(received);
  let sid = found && found[1];
  if (!sessions.has(sid)) {
    sid = crypto.randomBytes(8).toString('hex');
    response.setHeader('Set-Cookie', `app=${sid}; Path=/`);
  }
  sessions.set(sid, (sessions.get(sid) || 0) + 1);
  response.setHeader('Content-Type', 'text/plain');
  response.end(`${name} ${sessions.get(sid)} [${received}]\n`);
}).listen(Number(port), '127.0.0.1');
