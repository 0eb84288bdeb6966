// SPDX-License-Identifier: Apache-2.0
// Session: one request's view of its session, with its changes. Names to Buffers; like a Map.
'use strict';

const native = require('./native');

class Session {
  // Made by Node.begin().
  constructor(handle, node) {
    this.handle = handle;
    this.node = node;
  }

  get id() { return native.sessionFacts(this.handle).id; } // the client's secret
  get isNew() { return native.sessionFacts(this.handle).isNew; }
  // This very request has run before: repeat its answer; changes have no effect.
  get isReplayed() { return native.sessionFacts(this.handle).isReplayed; }
  // 0, 1: no copy exists now, 2: a new one in place of one that was lost, 3: recovered.
  get note() { return native.sessionFacts(this.handle).note; }
  get epoch() { return native.sessionFacts(this.handle).epoch; } // the fencing token
  get version() { return native.sessionFacts(this.handle).version; }
  get refusal() { return native.sessionRefusal(this.handle); }

  get(name) { return native.sessionGet(this.handle, name); }
  has(name) { return native.sessionGet(this.handle, name) !== undefined; }

  // `value`: a string, a Buffer or a Uint8Array.
  set(name, value) {
    native.sessionSet(this.handle, name, value);
    return this;
  }

  delete(name) {
    const had = this.has(name);
    if (had) native.sessionRemove(this.handle, name);
    return had;
  }

  * entries() {
    const all = native.sessionAll(this.handle);
    for (let i = 0; i < all.length; i += 2) yield [all[i], all[i + 1]];
  }

  [Symbol.iterator]() { return this.entries(); }
  keys() { return Array.from(this.entries(), ([name]) => name); }
  get size() { return native.sessionAll(this.handle).length / 2; }

  rotateId() { native.sessionRotateId(this.handle); } // after login
  invalidate() { native.sessionInvalidate(this.handle); } // logout

  // Kept with the session: when the request comes again, this is its answer, and no handler runs.
  storeResponse(status, headers, body) {
    native.sessionStoreResponse(this.handle, status, headers, body);
  }

  finish() { return this.node.finish(this); }

  // Nothing is committed. Does nothing when the session is over.
  drop() { native.sessionDrop(this.handle); }
}

module.exports = {Session};
