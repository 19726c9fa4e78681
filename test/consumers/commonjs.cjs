// By require.
const scenario = require('./scenario.cjs');

scenario(require('sealpost'), require('sealpost/smime'), require('sealpost/testing')).then(console.log);
