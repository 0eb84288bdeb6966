// SPDX-License-Identifier: Apache-2.0
// talk.js URL SECONDS [CERTIFICATE]: the conversation of talk.py as one WebSocket over one stream of
// HTTP/2 (RFC 8441), with Node.js's own HTTP/2 and frames of RFC 6455 made here.
const crypto = require('crypto');
const fs = require('fs');
const http2 = require('http2');
const [url, seconds, certificate] = process.argv.slice(2);
const PAUSE_MS = 100;
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

function fail(why) {
  console.error(why);
  process.exit(1);
}
function text(number) {
  return `${number} ` + 'x'.repeat(number % 50 === 0 ? 100000 : number % 97);
}

// RFC 6455 5.2, with the mask that a client must use.
function frame(opcode, payload) {
  const bytes = Buffer.from(payload);
  const mask = crypto.randomBytes(4);
  let head;
  if (bytes.length < 126) {
    head = Buffer.from([0x80 | opcode, 0x80 | bytes.length]);
  } else if (bytes.length < 65536) {
    head = Buffer.from([0x80 | opcode, 0x80 | 126, 0, 0]);
    head.writeUInt16BE(bytes.length, 2);
  } else {
    head = Buffer.from([0x80 | opcode, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeBigUInt64BE(BigInt(bytes.length), 2);
  }
  for (let i = 0; i < bytes.length; ++i) bytes[i] ^= mask[i % 4];
  return Buffer.concat([head, mask, bytes]);
}

// The first frame in `bytes` and its size, or null while it is not whole.
function parse(bytes) {
  if (bytes.length < 2) return null;
  if ((bytes[0] & 0x80) === 0 || (bytes[1] & 0x80) !== 0) fail('a part of a message, or a mask');
  let length = bytes[1] & 0x7f;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 4) return null;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return null;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  if (bytes.length < at + length) return null;
  return {opcode: bytes[0] & 15, payload: bytes.subarray(at, at + length), size: at + length};
}

const target = new URL(url);
const session = http2.connect(target.origin, certificate ? {ca: fs.readFileSync(certificate)} : {});
session.on('error', (error) => fail(`session: ${error}`));
session.on('remoteSettings', (settings) => {
  if (!settings.enableConnectProtocol) fail('the proxy does not offer RFC 8441');
  converse();
});
session.on('goaway', (code) => console.log(`GOAWAY ${code}`));

let begun = false;
function converse() {
  if (begun) return;
  begun = true;
  const stream = session.request(
      {':method': 'CONNECT', ':protocol': 'websocket', ':path': target.pathname,
        'sec-websocket-version': '13'},
      {endStream: false});
  const end = Date.now() + 1000 * Number(seconds);
  let number = 0;
  let bytes = Buffer.alloc(0);
  const say = () => stream.write(frame(TEXT, Date.now() < end ? text(number) : `bye ${number}`));
  const hear = (message) => {
    if (message === `bye ${number}`) return;
    if (message !== text(number)) fail(`message ${number}: got ${message.slice(0, 40)}`);
    ++number;
    setTimeout(say, PAUSE_MS);
  };
  stream.on('response', (headers) => {
    if (headers[':status'] !== 200) fail(`status ${headers[':status']}`);
    say();
  });
  stream.on('data', (data) => {
    bytes = Buffer.concat([bytes, data]);
    for (let one = parse(bytes); one !== null; one = parse(bytes)) {
      bytes = bytes.subarray(one.size);
      if (one.opcode === PING) stream.write(frame(PONG, one.payload));
      if (one.opcode === TEXT) hear(one.payload.toString());
      if (one.opcode === CLOSE) {
        const code = one.payload.readUInt16BE(0);
        if (code !== 1000 || Date.now() < end) fail(`closed with ${code} ${one.payload.subarray(2)}`);
        stream.end(frame(CLOSE, one.payload));
        console.log(`${number} messages each way`);
        session.close();
        setTimeout(() => process.exit(0), 2000).unref();
      }
    }
  });
  stream.on('error', (error) => fail(`stream: ${error}`));
  stream.on('close', () => {
    if (Date.now() < end) fail('the stream has ended early');
  });
}
