'use strict';

const { randomUUID } = require('node:crypto');

const CURRENCIES = new Set(['EUR', 'GBP', 'USD']);

class InvalidPayment extends Error {}

class Payments {
  constructor(clock = () => new Date()) {
    this.clock = clock;
    this.byId = new Map();
  }

  create({ amount, currency, reference }) {
    if (!Number.isInteger(amount) || amount <= 0) {
      throw new InvalidPayment('amount must be a positive number of cents');
    }
    if (!CURRENCIES.has(currency)) {
      throw new InvalidPayment(`currency must be one of ${[...CURRENCIES].join(', ')}`);
    }
    if (typeof reference !== 'string' || reference.length === 0 || reference.length > 64) {
      throw new InvalidPayment('reference must have 1 to 64 characters');
    }
    const payment = {
      id: randomUUID(),
      amount,
      currency,
      reference,
      status: 'authorised',
      createdAt: this.clock().toISOString(),
    };
    this.byId.set(payment.id, payment);
    return payment;
  }

  find(id) {
    return this.byId.get(id);
  }

  refund(id) {
    const payment = this.byId.get(id);
    if (!payment) {
      return undefined;
    }
    if (payment.status === 'refunded') {
      throw new InvalidPayment('payment is already refunded');
    }
    payment.status = 'refunded';
    return payment;
  }
}

module.exports = { InvalidPayment, Payments };
