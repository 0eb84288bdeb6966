// SPDX-License-Identifier: Apache-2.0
// Holds a response of node:http back until its session's copy is safe: what the handler writes
// meanwhile waits here, in order. Then the response goes out with the reply's headers, or the reply
// in its place.
'use strict';

const FAILED = 500; // a response of this status commits nothing: it tells of an exception

const HELD = ['writeHead', 'write', 'end', 'flushHeaders'];

// Sends a whole reply of the SDK, without what the handler has set.
function sendReply(res, reply, end = res.end) {
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  res.statusCode = reply.status;
  addHeaders(res, reply.headers);
  res.setHeader('Content-Length', reply.body.length);
  end.call(res, res.req.method === 'HEAD' ? undefined : reply.body);
}

// The SDK's cookie stands beside those of the application.
function addHeaders(res, headers) {
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = headers.slice(i, i + 2);
    const before = name.toLowerCase() === 'set-cookie' ? res.getHeader(name) : undefined;
    res.setHeader(name, before === undefined ? value : [before, value].flat());
  }
}

// `save` writes the handler's last changes into the session; what it throws is a 500.
function hold(res, {node, session, request, save = () => {}}) {
  const calls = [];
  // Other middlewares wrap these too, before this one and after it: so they stay where they are,
  // and hand on to what they found.
  const found = Object.fromEntries(HELD.map((name) => [name, res[name]]));
  let isBegun = false;
  let isOpen = false;

  const commit = async (status) => {
    if (status !== FAILED) save();
    if (status !== FAILED) return session.finish();
    session.drop();
    return {status: 0, headers: node.headersFor(request), body: Buffer.alloc(0)};
  };

  const open = (reply) => {
    isOpen = true;
    delete res.headersSent;
    if (res.destroyed) return;
    if (reply.status !== 0) return sendReply(res, reply, found.end);
    const [first] = calls;
    // writeHead() with headers would replace the cookies that are set now.
    if (first.name === 'writeHead') takeHead(res, calls.shift().args);
    addHeaders(res, reply.headers);
    if (first.name === 'writeHead' && calls.length === 0) found.flushHeaders.call(res);
    for (const {name, args} of calls) found[name].apply(res, args);
    if (!res.writableEnded) res.emit('drain');
  };

  const begin = (status) => {
    isBegun = true;
    Object.defineProperty(res, 'headersSent', {configurable: true, get: () => true});
    commit(status).then(open, (failure) => {
      session.drop();
      console.error(failure);
      open({status: FAILED, headers: ['Content-Type', 'text/plain; charset=utf-8'],
        body: Buffer.from(`The session could not be kept: ${failure.message}\n`)});
    });
  };

  for (const name of HELD) {
    res[name] = function held(...args) {
      if (isOpen) return found[name].apply(res, args);
      calls.push({name, args});
      if (!isBegun) begin(name === 'writeHead' ? args[0] : res.statusCode);
      return name === 'write' ? false : res;
    };
  }
  // A client that has gone waits for no answer; what its handler writes from now on is lost.
  res.on('close', () => { if (!isBegun) session.drop(); });
}

// What writeHead(status, [reason], [headers]) would set.
function takeHead(res, [status, ...rest]) {
  res.statusCode = status;
  if (typeof rest[0] === 'string') res.statusMessage = rest.shift();
  const headers = rest[0] ?? {};
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    return;
  }
  const pairs = Array.isArray(headers[0]) ? headers :
    Array.from({length: headers.length / 2}, (_, i) => headers.slice(2 * i, 2 * i + 2));
  for (const [name] of pairs) res.removeHeader(name);
  for (const [name, value] of pairs) {
    const before = res.getHeader(name);
    res.setHeader(name, before === undefined ? value : [before, value].flat());
  }
}

module.exports = {hold, sendReply};
