'use strict';

const express = require('express');
const { InvalidPayment, Payments } = require('./payments');

function createApp(payments = new Payments()) {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '16kb' }));

  app.get('/healthz', (request, response) => {
    response.json({ status: 'ok' });
  });

  app.post('/payments', (request, response) => {
    response.status(201).json(payments.create(request.body ?? {}));
  });

  app.get('/payments/:id', (request, response) => {
    const payment = payments.find(request.params.id);
    if (!payment) {
      response.status(404).json({ error: 'no such payment' });
      return;
    }
    response.json(payment);
  });

  app.post('/payments/:id/refund', (request, response) => {
    const payment = payments.refund(request.params.id);
    if (!payment) {
      response.status(404).json({ error: 'no such payment' });
      return;
    }
    response.json(payment);
  });

  app.use((error, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const status = error instanceof InvalidPayment ? 422 : error.status || 500;
    response.status(status).json({ error: status === 500 ? 'internal error' : error.message });
  });

  return app;
}

module.exports = { createApp };
