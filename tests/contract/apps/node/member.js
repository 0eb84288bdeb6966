// SPDX-License-Identifier: Apache-2.0
// What both contract applications share: the member, its answers without a session, its end.
'use strict';

const http = require('node:http');

const understudy = require('../../../../backend_sdk/bindings/node');

const EXCLUSIVE = new Set(['/count', '/append']);
const WORDS = ['joining', 'joined', 'protected', 'leaving'];

const path = (req) => req.url.split('?')[0];
const isExclusive = (req) => EXCLUSIVE.has(path(req));

function send(res, status, type, body) {
  res.statusCode = status;
  if (type) res.setHeader('Content-Type', type);
  res.end(body);
}

function aboutMember(req, res, member) {
  if (path(req) === '/ready') {
    const isProtected = member.readiness === understudy.Readiness.PROTECTED;
    send(res, isProtected ? 200 : 503, 'text/plain; charset=utf-8', WORDS[member.readiness]);
    return true;
  }
  if (path(req) === '/statistics') {
    const now = member.statistics();
    send(res, 200, 'application/json', JSON.stringify({...now, members_alive: now.membersAlive}));
    return true;
  }
  return false;
}

// Serves until SIGTERM, then drains.
function serve(withSessions) {
  const member = understudy.openNode(process.argv[2]);
  const server = http.createServer((req, res) => {
    if (!aboutMember(req, res, member)) withSessions(req, res);
  });
  server.listen(member.address);
  process.once('SIGTERM', async () => {
    await member.drain();
    server.close(() => member.close());
    server.closeIdleConnections();
  });
}

module.exports = {understudy, isExclusive, send, serve};
