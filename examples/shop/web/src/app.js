'use strict';

const fastify = require('fastify');

function createApp({ catalogUrl = process.env.CATALOG_URL || 'http://localhost:8090' } = {}) {
  const app = fastify();

  app.get('/healthz', async () => ({ status: 'ok' }));

  app.get('/', async (request, reply) => {
    const answer = await fetch(`${catalogUrl}/articles`).catch(() => undefined);
    if (!answer || !answer.ok) {
      return reply.code(502).send({ error: 'the catalog does not answer' });
    }
    return { articles: await answer.json() };
  });

  return app;
}

module.exports = { createApp };
