// SPDX-License-Identifier: Apache-2.0
// session(): a middleware with the interface of express-session. req.session lives in the cluster;
// there is no store. Each key is an attribute, in JSON.
'use strict';

const {begin} = require('./begin');
const {hold, sendReply} = require('./gate');

// What express-session's Session has beside the application's keys; not enumerable, so not kept.
class RequestSession {
  constructor(state) {
    Object.defineProperty(this, 'req', {value: state.req});
    Object.defineProperty(this, 'id', {get: () => state.handle.id});
    // The cookie is the SDK's: SessionCookie, SessionTimeout and the others of the configuration.
    Object.defineProperty(this, 'cookie', {value: {path: '/', httpOnly: true, originalMaxAge: null,
      maxAge: null}});
    Object.defineProperty(this, 'understudy', {value: state.handle});
  }
}

// Each calls back in a later turn, as with a store.
const methods = {
  // A new id, and nothing in it.
  regenerate: (state) => state.regenerate(),
  // No session any more; the cookie is worth nothing.
  destroy: (state) => state.destroy(),
  // As the request found it; what was changed is forgotten.
  reload: (state) => state.load(),
  // It is kept when the response leaves, which waits for that.
  save: (state) => state.save(),
};
for (const [name, work] of Object.entries(methods)) {
  RequestSession.prototype[name] = function run(callback = () => {}) {
    const state = states.get(this);
    let failure = null;
    try {
      work(state);
    } catch (thrown) {
      failure = thrown;
    }
    setImmediate(callback, failure);
    return this;
  };
}
RequestSession.prototype.touch = function touch() { return this; };
RequestSession.prototype.resetMaxAge = function resetMaxAge() { return this; };
for (const name of Object.getOwnPropertyNames(RequestSession.prototype)) {
  Object.defineProperty(RequestSession.prototype, name, {enumerable: false});
}

const states = new WeakMap();

// A session between the request and its response.
class State {
  constructor(req, handle) {
    this.req = req;
    this.handle = handle;
    this.isOver = false;
    this.load();
  }

  renew(values = {}) {
    const session = Object.assign(new RequestSession(this), values);
    states.set(session, this);
    this.req.session = session;
    this.req.sessionID = this.handle.id;
  }

  load() {
    this.raw = new Map();
    const values = {};
    for (const [name, bytes] of this.handle) {
      try {
        values[name] = JSON.parse(bytes);
      } catch {
        continue; // of another program, in another form: it stays
      }
      this.raw.set(name, bytes.toString());
    }
    this.renew(values);
  }

  regenerate() {
    this.isOver = true;
    this.renew();
  }

  destroy() {
    this.isOver = true;
    delete this.req.session;
  }

  save() {
    const values = this.req.session ?? {};
    const texts = new Map();
    for (const [name, value] of Object.entries(values)) {
      const text = JSON.stringify(value);
      if (text !== undefined) texts.set(name, text);
    }
    if (this.isOver && texts.size === 0) return this.handle.invalidate();
    const gone = this.isOver ? this.handle.keys() : this.raw.keys();
    for (const name of gone) if (!texts.has(name)) this.handle.delete(name);
    for (const [name, text] of texts) {
      if (!this.isOver && this.isKept(name, text)) continue;
      this.handle.set(name, text);
    }
    this.raw = texts;
    if (!this.isOver) return;
    this.handle.rotateId();
    this.isOver = false;
    this.req.sessionID = this.handle.id;
  }

  // Also when another program has written it with other blanks.
  isKept(name, text) {
    const known = this.raw.get(name);
    return known === text || (known !== undefined && JSON.stringify(JSON.parse(known)) === text);
  }
}

function session(options = {}) {
  return (req, res, next) => {
    if (req.session) return next();
    begin(req, options).then((begun) => {
      if (!begun) return;
      if (begun.reply) return sendReply(res, begun.reply);
      const state = new State(req, begun.session);
      hold(res, {...begun, save: () => state.save()});
      next();
    }).catch(next);
  };
}

module.exports = {session};
