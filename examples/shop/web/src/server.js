'use strict';

const { createApp } = require('./app');

const port = Number(process.env.PORT || 3000);

createApp()
  .listen({ port, host: '0.0.0.0' })
  .then(() => console.log(`shop-web listens on ${port}`));
