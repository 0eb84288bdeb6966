// SPDX-License-Identifier: Apache-2.0
// A to-do list: express, with the list in the session. `node todo.js a.conf b.conf c.conf` starts a
// worker for each configuration; each is a member.
'use strict';

const cluster = require('node:cluster');

const express = require('express');
const understudy = require('understudy-session');

if (cluster.isPrimary) {
  const start = (config) => cluster.fork({CONFIG: config}).on('exit', (code, signal) => {
    if (signal) start(config); // it was killed: another one takes its place
  });
  process.argv.slice(2).forEach(start);
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill();
  });
  return;
}

const node = understudy.openNode(process.env.CONFIG);
const app = express();
app.use(express.urlencoded({extended: false}));
app.use(understudy.session());

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const row = ({text, done}, i) => `<li>${done ? `<s>${escape(text)}</s>` : escape(text)}
  <form method="post" action="/toggle"><button name="item" value="${i}">done</button></form></li>`;

app.get('/', ({session}, res) => res.send(`<!doctype html><meta charset="utf-8"><title>To do</title>
<style>body { font: 16px sans-serif; max-width: 32rem; margin: 2rem auto }</style>
<h1>To do${session.name ? `, ${escape(session.name)}` : ''}</h1>
<ul>${(session.items ?? []).map(row).join('')}</ul>
<form method="post" action="/add"><input name="text" autofocus> <button>Add</button></form>
<form method="post" action="/login"><input name="name"> <button>Log in</button></form>
<form method="post" action="/logout"><button>Log out</button></form>`));

app.post('/add', ({session, body}, res) => {
  if (body.text?.trim()) (session.items ??= []).push({text: body.text.trim(), done: false});
  res.redirect(303, '/');
});
app.post('/toggle', ({session, body}, res) => {
  const item = session.items?.[body.item];
  if (item) item.done = !item.done;
  res.redirect(303, '/');
});
app.post('/login', (req, res) => {
  req.session.understudy.rotateId(); // the list stays; regenerate() would forget it
  req.session.name = req.body.name;
  res.redirect(303, '/');
});
app.post('/logout', (req, res) => req.session.destroy(() => res.redirect(303, '/')));

// exclusive: the worker's own address, which the proxy chooses.
const server = app.listen({...node.address, exclusive: true});
process.once('SIGTERM', async () => {
  await node.drain();
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
