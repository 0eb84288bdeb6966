// SPDX-License-Identifier: Apache-2.0
// HTTP sessions that survive the death of their server. README.md has the story, index.d.ts the types.
'use strict';

const {Node, Readiness, openNode, node} = require('./lib/node');
const {session} = require('./lib/express');
const {wrap} = require('./lib/http');

module.exports = {Node, Readiness, openNode, node, session, wrap};
