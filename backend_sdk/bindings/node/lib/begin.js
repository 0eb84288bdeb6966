// SPDX-License-Identifier: Apache-2.0
// A request of node:http as the SDK sees it, begun.
'use strict';

const node = require('./node');

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

// The default of `exclusive`: POST, PUT, PATCH and DELETE of one session run one at a time, so that
// what a handler reads and writes again is not overtaken.
const changesSomething = (req) => !SAFE_METHODS.has(req.method);

// {node, request, session} or {reply}; null: the proxy has gone, and may have sent it elsewhere.
async function begin(req, {node: given, exclusive = changesSomething}) {
  const its = given ?? node.node();
  const request = {
    method: req.method,
    url: req.originalUrl ?? req.url,
    headers: req.rawHeaders,
    isTls: Boolean(req.socket.encrypted),
    isExclusive: exclusive(req),
  };
  const begun = await its.begin(request);
  if (begun.reply) return begun;
  if (req.socket.destroyed) {
    begun.session.drop();
    return null;
  }
  return {node: its, request, session: begun.session};
}

module.exports = {begin};
