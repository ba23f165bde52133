'use strict';

const { createApp } = require('./app');

const port = Number(process.env.PORT || 3000);

if (!process.env.PAYMENT_PROVIDER_KEY) {
  console.warn('PAYMENT_PROVIDER_KEY is not set: payments are authorised locally');
}

const server = createApp().listen(port, () => {
  console.log(`payment-api listens on ${port}`);
});

process.on('SIGTERM', () => server.close());
