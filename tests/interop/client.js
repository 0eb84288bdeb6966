// SPDX-License-Identifier: Apache-2.0
// client.js URL [CERTIFICATE]: 200 requests by HTTP/1.1 with kept connections, then 200 by HTTP/2.
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const https = require('https');
const [url, certificate] = process.argv.slice(2);
const ca = certificate ? fs.readFileSync(certificate) : undefined;

function byHttp1(count) {
  const library = certificate ? https : http;
  const agent = new library.Agent({keepAlive: true, maxSockets: 10});
  const one = () => new Promise((resolve, reject) => {
    library.get(url, {agent, ca}, (response) => {
      let bytes = 0;
      response.on('data', (data) => { bytes += data.length; });
      response.on('end', () => {
        response.statusCode === 200 && bytes > 0 ? resolve() : reject(new Error(response.statusCode));
      });
    }).on('error', reject);
  });
  return Promise.all(Array.from({length: count}, one)).then(() => agent.destroy());
}

async function byHttp2(count) {
  const session = http2.connect(url, {ca});
  const one = () => new Promise((resolve, reject) => {
    const stream = session.request({':path': '/'});
    let status = 0;
    let bytes = 0;
    stream.on('response', (headers) => { status = headers[':status']; });
    stream.on('data', (data) => { bytes += data.length; });
    stream.on('end', () => { status === 200 && bytes > 0 ? resolve() : reject(new Error(status)); });
    stream.on('error', reject);
  });
  await new Promise((resolve, reject) => session.on('connect', resolve).on('error', reject));
  for (let done = 0; done < count; done += 50) await Promise.all(Array.from({length: 50}, one));
  session.close();
}

byHttp1(200).then(() => byHttp2(200)).then(
    () => console.log('400 answers'),
    (error) => { console.error(error); process.exit(1); });
