import { expect, test } from 'vitest';
import { LateTransport } from '../../../src/mailer/late-transport.js';
import type { OwnTransport } from '../../../src/mailer/late-transport.js';

const reply = { code: 250, lines: ['ok'] };
const options = { signal: new AbortController().signal, requireAllRecipients: false };
const compose = () => Promise.reject(new Error('not composed'));

function fake() {
  const seen: string[] = [];
  const transport: OwnTransport = {
    stats: () => ({ connections: { open: 1, idle: 1, opening: 0, limit: 3 }, waiting: 0 }),
    test: () => Promise.reject(new Error('not tested')),
    send: (envelope) => {
      seen.push(envelope.to.join());
      return Promise.resolve({ accepted: envelope.to, rejected: [], reply });
    },
    close: (given) => {
      seen.push(`close ${String(given?.force)}`);
      return Promise.resolve();
    },
  };
  return { seen, transport };
}

test('loads once, for all that came meanwhile and in their order', async () => {
  const { seen, transport } = fake();
  let loads = 0;
  const late = new LateTransport(() => {
    loads++;
    return Promise.resolve(transport);
  }, 3);
  expect(loads).toBe(0);
  await Promise.all(['a', 'b'].map((to) => late.send({ from: 'x', to: [to] }, compose, options)));
  await late.send({ from: 'x', to: ['c'] }, compose, options);
  await late.close({ force: true });
  expect([loads, seen]).toEqual([1, ['a', 'b', 'c', 'close true']]);
});

test('closes without loading what nothing went through, and waits for what is being loaded', async () => {
  const { seen, transport } = fake();
  let loads = 0;
  const unused = new LateTransport(() => {
    loads++;
    return Promise.resolve(transport);
  }, 3);
  await unused.close();
  expect(loads).toBe(0);
  const late = new LateTransport(() => new Promise((resolve) => setImmediate(resolve, transport)), 3);
  await Promise.all([late.send({ from: 'x', to: ['a'] }, compose, options), late.close()]);
  expect(seen).toEqual(['a', 'close undefined']);
});

test('loads nothing for a message that a forced close() has overtaken', async () => {
  let loads = 0;
  const late = new LateTransport(() => {
    loads++;
    return Promise.resolve(fake().transport);
  }, 3);
  await late.close({ force: true });
  await expect(late.send({ from: 'x', to: ['a'] }, compose, options)).rejects.toMatchObject({
    code: 'ERR_CLOSED',
    delivery: 'not-delivered',
  });
  expect(loads).toBe(0);
});

test('tells why it cannot be loaded, and tries again', async () => {
  const { seen, transport } = fake();
  let loads = 0;
  const late = new LateTransport(
    () => (++loads === 1 ? Promise.reject(new Error('no such file')) : Promise.resolve(transport)),
    3,
  );
  expect(late.stats()).toEqual({ connections: { open: 0, idle: 0, opening: 0, limit: 3 }, waiting: 0 });
  await expect(late.send({ from: 'x', to: ['a'] }, compose, options)).rejects.toThrow('no such file');
  await late.send({ from: 'x', to: ['b'] }, compose, options);
  expect(seen).toEqual(['b']);
  expect(late.stats().connections.open).toBe(1);
});
