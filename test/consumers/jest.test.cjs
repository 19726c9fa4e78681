// Under Jest, in the environment of the command line. Jest runs files as CommonJS, in a realm of their own.
const scenario = require('./scenario.cjs');

test('sends, is refused, gives up and signs', async () => {
  const result = await scenario(require('sealpost'), require('sealpost/smime'), require('sealpost/testing'));
  expect(result).toBe('sent, refused, aborted, signed');
});
