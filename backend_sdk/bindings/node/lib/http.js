// SPDX-License-Identifier: Apache-2.0
// wrap(): sessions for a handler of plain node:http. req.understudy is the request's Session.
'use strict';

const {begin} = require('./begin');
const {hold, sendReply} = require('./gate');

function fail(res, failure) {
  console.error(failure);
  if (res.headersSent) return res.destroy();
  res.statusCode = 500;
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.end('The application failed to make a response.\n');
}

// http.createServer(wrap(handler)). A handler that throws or rejects: 500, nothing is committed.
function wrap(handler, options = {}) {
  return async (req, res) => {
    try {
      const begun = await begin(req, options);
      if (!begun) return;
      if (begun.reply) return sendReply(res, begun.reply);
      req.understudy = begun.session;
      hold(res, begun);
      await handler(req, res);
    } catch (failure) {
      fail(res, failure);
    }
  };
}

module.exports = {wrap};
