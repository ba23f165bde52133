'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { createApp } = require('../src/app');

test('the health check answers', async () => {
  const answer = await createApp().inject({ url: '/healthz' });
  assert.equal(answer.statusCode, 200);
});

test('a silent catalog is a bad gateway', async () => {
  const answer = await createApp({ catalogUrl: 'http://127.0.0.1:1' }).inject({ url: '/' });
  assert.equal(answer.statusCode, 502);
});
