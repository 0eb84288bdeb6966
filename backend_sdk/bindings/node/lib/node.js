// SPDX-License-Identifier: Apache-2.0
// Node: this process as a member of the cluster. Nothing blocks the event loop, but for close().
'use strict';

const {EventEmitter} = require('node:events');

const native = require('./native');
const {Session} = require('./session');

const Readiness = Object.freeze({JOINING: 0, JOINED: 1, PROTECTED: 2, LEAVING: 3});

function closed(text) {
  return Object.assign(new Error(text), {code: 'UNDERSTUDY_CLOSED'});
}

class Node extends EventEmitter {
  #native;

  // `config`: the path of a backend configuration.
  constructor(config) {
    super();
    const self = new WeakRef(this); // the addon's callback must not keep the node alive
    this.#native = new native.NativeNode(config, (now) => self.deref()?.emit('readiness', now));
  }

  get memberName() { return this.#native.memberName; }

  // Listen: what the program binds for its HTTP.
  get address() {
    const at = this.#native.listen.lastIndexOf(':');
    return {
      host: this.#native.listen.slice(0, at).replace(/^\[|\]$/g, ''),
      port: Number(this.#native.listen.slice(at + 1)),
    };
  }

  get readiness() { return this.#native.readiness(); }

  // Until readiness is `least` or better; rejects when it is not in time, or the node is leaving.
  waitReady(milliseconds, least = Readiness.JOINED) {
    return new Promise((resolve, reject) => {
      const look = (now) => {
        if (now < least) return;
        clearTimeout(timer);
        this.off('readiness', look);
        if (now !== Readiness.LEAVING) return resolve();
        reject(Object.assign(new Error('the node is leaving'), {code: 'UNDERSTUDY_NOT_READY'}));
      };
      const timer = setTimeout(() => {
        this.off('readiness', look);
        reject(Object.assign(new Error(`the node is not ready after ${milliseconds} ms`),
          {code: 'UNDERSTUDY_NOT_READY'}));
      }, milliseconds);
      this.on('readiness', look);
      look(this.readiness);
    });
  }

  // {session}, and the handler runs; or {reply}, which is sent instead. `request`: {method, url,
  // headers: [name, value, ...], isTls, isExclusive}.
  async begin({method, url, headers = [], isTls = false, isExclusive = false}) {
    const begun = await this.#native.begin(method, url, headers, isTls, isExclusive);
    const isReply = begun !== null && typeof begun === 'object' && 'status' in begun;
    return isReply ? {reply: begun} : {session: new Session(begun, this)};
  }

  // Commits, and waits until a second member holds what was read and written. A Reply: with status
  // 0 the own response is sent, with its headers added; else the reply in its place.
  finish(session) {
    return this.#native.finish(session.handle);
  }

  // [name, value, ...] for a response that was made without begin(): the proxy's news.
  headersFor({method, url, headers = []}) {
    return this.#native.headersFor(method, url, headers, false, false);
  }

  // Takes no new sessions, waits for requests under way (DrainTimeout), hands each session over.
  drain() { return this.#native.drain(); }

  // Reads ClusterKeyFile again.
  async reloadKeys() { return this.#native.reloadKeys(); }

  statistics() { return this.#native.statistics(); }

  // Prometheus, text format 0.0.4.
  metrics() { return this.#native.metrics(); }

  // Leaves, at once if it was not drained.
  close() { this.#native.close(); }
}

let ofProcess = null;

// Opens the node of this process, which node() then gives.
function openNode(config) {
  if (ofProcess && ofProcess.readiness !== Readiness.LEAVING) {
    throw new Error(`this process has a node already: ${ofProcess.memberName}`);
  }
  ofProcess = new Node(config);
  return ofProcess;
}

function node() {
  if (!ofProcess) throw closed('this process has no node: call openNode(config) in it');
  return ofProcess;
}

module.exports = {Node, Readiness, openNode, node};
