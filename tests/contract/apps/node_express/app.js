// SPDX-License-Identifier: Apache-2.0
// The contract application on express and session(), with values in JSON.
'use strict';

const {setTimeout} = require('node:timers/promises');

const express = require('express');

const {understudy, isExclusive, serve} = require('../node/member');

const app = express();
app.use(understudy.session({exclusive: isExclusive}));
app.use(express.raw({type: () => true, limit: '8mb'}));

const countAnswer = (req, replayed) => ({session: req.session.id, count: req.session.count ?? 0,
  member: understudy.node().memberName, replayed});

app.post('/count', (req, res) => {
  const raw = req.session.understudy;
  if (!raw.isReplayed) req.session.count = (req.session.count ?? 0) + 1;
  raw.storeResponse(200, ['Content-Type', 'application/json'],
    JSON.stringify(countAnswer(req, true)));
  res.json(countAnswer(req, raw.isReplayed));
});
app.get('/value', (req, res) => res.json(countAnswer(req, false)));
app.post('/set', (req, res) => {
  const bytes = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
  req.session[req.query.name] = bytes.toString('latin1');
  res.sendStatus(204);
});
app.get('/get', (req, res) => {
  const value = req.session[req.query.name];
  if (value === undefined) return res.sendStatus(404);
  res.type('application/octet-stream').send(Buffer.from(value, 'latin1'));
});
app.post('/remove', (req, res) => {
  delete req.session[req.query.name];
  res.sendStatus(204);
});
app.post('/login', (req, res) => {
  if (!req.session.understudy.isReplayed) req.session.understudy.rotateId();
  req.session.user = req.query.user;
  res.json({session: req.session.id, user: req.query.user});
});
app.get('/whoami', (req, res) => res.json({user: req.session.user ?? null}));
app.post('/logout', (req, res) => req.session.destroy(() => res.sendStatus(204)));
app.post('/append', (req, res) => {
  req.session.log = (req.session.log ?? '') + req.query.text;
  res.send(req.session.log);
});
app.post('/size', (req, res) => {
  req.session.big = 'x'.repeat(Number(req.query.bytes));
  res.sendStatus(204);
});
app.get('/throw', (req) => {
  req.session.thrown = '1';
  throw new Error('the handler of /throw throws');
});
app.get('/slow', async (req, res) => {
  await setTimeout(Number(req.query.ms));
  res.send('slow\n');
});
app.post('/fork', (req, res) => res.sendStatus(501));

serve(app);
