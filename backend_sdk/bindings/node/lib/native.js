// SPDX-License-Identifier: Apache-2.0
// Finds the addon: UNDERSTUDY_ADDON, beside package.json, or in its build directory.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const root = path.dirname(__dirname);
const places = [process.env.UNDERSTUDY_ADDON, path.join(root, 'understudy.node'),
  path.join(root, 'build', 'understudy.node')].filter(Boolean);
const found = places.find((place) => fs.existsSync(place));
if (!found) {
  throw new Error(`understudy.node is not built: it is in none of ${places.join(', ')}`);
}

const ABI_VERSION = 4;
const native = require(path.resolve(found));
if (native.abiVersion < ABI_VERSION) {
  throw new Error(`libunderstudy.so has an older interface than version ${ABI_VERSION}`);
}

module.exports = native;
