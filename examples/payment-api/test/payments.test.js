'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { createApp } = require('../src/app');

async function withServer(run) {
  const server = createApp().listen(0);
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    await run(`http://127.0.0.1:${server.address().port}`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

function post(url, body) {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(body),
  });
}

test('a payment can be created, read and refunded once', () =>
  withServer(async (base) => {
    const created = await post(`${base}/payments`, { amount: 1250, currency: 'EUR', reference: 'order-7' });
    assert.equal(created.status, 201);
    const { id } = await created.json();
    const read = await fetch(`${base}/payments/${id}`, { headers: { connection: 'close' } });
    assert.equal((await read.json()).status, 'authorised');
    assert.equal((await post(`${base}/payments/${id}/refund`)).status, 200);
    assert.equal((await post(`${base}/payments/${id}/refund`)).status, 422);
  }));

test('a payment without a known currency is refused', () =>
  withServer(async (base) => {
    const answer = await post(`${base}/payments`, { amount: 10, currency: 'XXX', reference: 'a' });
    assert.equal(answer.status, 422);
  }));

test('the health check answers', () =>
  withServer(async (base) => {
    const answer = await fetch(`${base}/healthz`, { headers: { connection: 'close' } });
    assert.equal(answer.status, 200);
  }));
