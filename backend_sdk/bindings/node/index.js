// SPDX-License-Identifier: Apache-2.0
// HTTP sessions that survive the death of their server. The story: README.md; the types: index.d.ts.
'use strict';

const {Node, Readiness, openNode, node} = require('./lib/node');
const {session} = require('./lib/express');
const {wrap} = require('./lib/http');

module.exports = {Node, Readiness, openNode, node, session, wrap};
