/**
 * `node memory.mjs` sends a stream of 24 MiB and prints the largest growth of the process. The limit is 48 MiB.
 * @module
 */
import { createMailer } from 'sealpost';
import { startScript } from './servers.mjs';

const streamBytes = 24 << 20;
const mostGrowth = 48 << 20;

const replies = { MAIL: '250 ok\r\n', RCPT: '250 ok\r\n', DATA: '354 go\r\n', END: '250 ok\r\n', QUIT: '221 bye\r\n' };
const { port } = await startScript('220 x\r\n', { ...replies, EHLO: '250-x\r\n250-8BITMIME\r\n250 PIPELINING\r\n' });
const mailer = createMailer({
  name: 'memory',
  sender: { email: 'ann@example.com' },
  server: { host: '127.0.0.1', port, security: 'none' },
});
const chunk = Buffer.alloc(64 << 10, 'x');

async function* stream(size) {
  for (let left = size; left > 0; left -= chunk.length)
    yield Buffer.from(chunk.subarray(0, Math.min(left, chunk.length)));
}
const send = (size) =>
  mailer.send({ to: 'bob@example.org', text: 'Hello', attachments: [{ filename: 'x.bin', content: stream(size) }] });

// Memory for code and buffers that every program needs.
await send(chunk.length);
const before = process.memoryUsage().rss;
await send(streamBytes);
const growth = process.resourceUsage().maxRSS * 1024 - before;
await mailer.close();
console.log(`a stream of ${streamBytes >> 20} MiB: the process grew by ${(growth / (1 << 20)).toFixed(1)} MiB`);
process.exitCode = growth > mostGrowth ? 1 : 0;
