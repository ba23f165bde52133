'use strict';

const js = require('@eslint/js');

module.exports = [
  js.configs.recommended,
  {
    languageOptions: {
      sourceType: 'commonjs',
      globals: { console: 'readonly', fetch: 'readonly', module: 'writable', process: 'readonly', require: 'readonly' },
    },
  },
];
