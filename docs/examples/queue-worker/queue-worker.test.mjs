/**
 * Sends 2 000 messages by four workers through a real Redis. One worker is killed in the middle, when its server has a
 * message and has not replied yet.
 * @module
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { QueueEvents } from 'bullmq';
import { createEmailError } from 'sealpost';
import { TestSmtpServer } from 'sealpost/testing';
import { heldJobs, markDelivered, resend } from './held.mjs';
import { outcomeOf } from './outcome.mjs';
import { countJobs, watchProgress } from './progress.mjs';
import { connect, mailJob, openQueue, queueName, toMailMessage } from './queue.mjs';
import { startRedis } from './redis-server.mjs';

const reply = (code) => ({ code, lines: ['word'] });
const failure = (code, details) => createEmailError(code, 'word', details);

describe('an outcome', () => {
  const bob = { recipient: 'bob@example.org', reply: reply(450) };
  const eve = { recipient: 'eve@example.org', reply: reply(550) };
  for (const [name, given, next, more] of [
    ['accepted by the server', { rejected: [] }, 'sent', { refused: [] }],
    ['accepted for all but one who is refused for good', { rejected: [eve] }, 'sent', { refused: [eve.recipient] }],
    ['accepted for all but one who is refused for now', { rejected: [bob, eve] }, 'retry', { to: [bob.recipient] }],
    ['no connection', failure('ERR_CONNECT', { retryable: true, phase: 'connect' }), 'retry'],
    ['a wrong password', failure('ERR_AUTH_REJECTED', { phase: 'authenticate' }), 'retry'],
    [
      'a server that refuses this machine',
      failure('ERR_SMTP_REPLY', { phase: 'greeting', reply: reply(554) }),
      'retry',
    ],
    ['greylisting', failure('ERR_RECIPIENTS_REJECTED', { retryable: true, phase: 'transaction' }), 'retry'],
    ['a refused sender', failure('ERR_SMTP_REPLY', { phase: 'transaction', reply: reply(550) }), 'fail'],
    ['an attachment that is gone', failure('ERR_CONTENT', {}), 'fail'],
    ['a lost connection after the content', failure('ERR_CONNECT', { delivery: 'unknown' }), 'hold'],
    [
      'a blind copy refused for now',
      failure('ERR_SMTP_REPLY', { delivery: 'partly-delivered', recipients: [bob, eve] }),
      'retry',
      { to: [bob.recipient] },
    ],
    [
      'a blind copy refused for good',
      failure('ERR_SMTP_REPLY', { delivery: 'partly-delivered', recipients: [eve] }),
      'fail',
    ],
  ])
    it(`of ${name}: ${next}`, () => {
      const { reason, ...outcome } = outcomeOf(given);
      assert.deepEqual(outcome, { next, ...more });
      assert.ok(reason || next === 'sent');
    });
});

describe('a message for the queue', () => {
  it('refuses what JSON cannot hold, by the name of the field', () => {
    for (const text of [Buffer.from('x'), () => [], new Date(), NaN, 1n])
      assert.throws(
        () => mailJob('a', 'example.com', { to: 'ann@example.org', text }),
        /message\.text: not a value of JSON/,
      );
    assert.throws(() => mailJob('a:b', 'example.com', {}), /^TypeError: key: /);
  });

  it('becomes the same message each time', () => {
    const { data } = mailJob('a', 'example.com', { attachments: [{ reference: 'a.pdf', cid: 'x' }] });
    const message = toMailMessage(JSON.parse(JSON.stringify(data)), '/srv');
    assert.equal(message.messageId, 'a@example.com');
    assert.equal(message.date.toISOString(), data.date);
    assert.deepEqual(message.attachments, [{ content: { file: '/srv/a.pdf' }, cid: 'x' }]);
  });
});

describe('four workers', () => {
  const total = 2000;
  const scratch = mkdtempSync(join(tmpdir(), 'sealpost-queue-'));
  const workers = [];
  const servers = [];
  let redisServer;
  let redis;
  let queue;
  let events;
  before(async () => {
    redisServer = await startRedis();
    redis = connect(redisServer.socket);
    queue = openQueue(redis, { backoffMs: 100 });
    events = new QueueEvents(queueName, { connection: redis });
    await events.waitUntilReady();
    mkdirSync(join(scratch, 'attachments'));
    writeFileSync(join(scratch, 'attachments/terms.txt'), 'the terms');
    writeFileSync(join(scratch, 'secret.txt'), 'outside of the attachments');
  });
  after(async () => {
    for (const worker of workers) if (worker.exitCode === null && worker.signalCode === null) worker.kill('SIGKILL');
    for (const server of servers) await server.close();
    await events.close();
    await queue.close();
    redis.disconnect();
    await redisServer.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** Resolves when this number of jobs is done: completed, or failed for the last time. */
  function ended(count) {
    return new Promise((resolve) => {
      const done = new Set();
      const note = ({ jobId }) => {
        done.add(jobId);
        if (done.size < count) return;
        events.off('completed', note);
        events.off('failed', note);
        resolve();
      };
      events.on('completed', note);
      events.on('failed', note);
    });
  }

  /** Each worker has a server of its own, so that the server knows which worker sent a message. */
  async function startWorker(options) {
    const server = await TestSmtpServer.start({ security: 'none', ...options });
    servers.push(server);
    const file = join(scratch, `profile-${servers.length}.json`);
    const profile = { name: 'bulk', sender: { email: 'app@example.com' }, server: server.settings };
    writeFileSync(file, JSON.stringify(profile));
    const env = { ...process.env, REDIS_URL: redisServer.socket, MAIL_PROFILE: file, LOCK_MS: '3000' };
    env.ATTACHMENTS = join(scratch, 'attachments');
    const worker = spawn(process.execPath, [join(import.meta.dirname, 'worker.mjs')], { env, stdio: 'inherit' });
    workers.push(worker);
    return worker;
  }

  /** Runs one of the commands of its README, and resolves with its output. */
  async function npmRun(...words) {
    const env = { ...process.env, REDIS_URL: redisServer.socket };
    const { stdout } = await promisify(execFile)('npm', ['run', '--silent', ...words], {
      cwd: import.meta.dirname,
      env,
    });
    return stdout;
  }

  /** How often each Message-ID arrived, at all servers. */
  function arrivals() {
    const counts = new Map();
    for (const { headers } of servers.flatMap(({ messages }) => messages)) {
      const [id] = headers['message-id'];
      counts.set(id.slice(1, -1), (counts.get(id.slice(1, -1)) ?? 0) + 1);
    }
    return counts;
  }

  const gone = new Set(['gone-1', 'gone-2', 'gone-3']);
  const jobs = Array.from({ length: total }, (_, number) => {
    const to = number < 3 ? `gone-${number + 1}@example.org` : `user-${number}@example.org`;
    const attachments = number % 10 === 0 ? [{ reference: 'terms.txt' }] : undefined;
    return mailJob(`news-${number}`, 'example.com', { to, subject: `News ${number}`, text: 'Hello', attachments });
  });
  let held;
  /** Called when the first server has the end of a message. */
  let atEnd = () => {};

  it('lose nothing and send nothing twice where one is killed, and hold the messages that it had begun', async () => {
    await queue.addBulk(jobs);
    // Enqueues the same keys again, like a producer that restarts and does not know which jobs it has enqueued.
    await queue.addBulk(jobs.slice(0, 100));
    const all = ended(total);
    const later = new Set();
    const replies = (verb, line) => {
      const [, name] = /^RCPT TO:<([^@]+)@/i.exec(line) ?? [];
      if (gone.has(name)) return '550 5.1.1 No such user';
      if (verb !== 'RCPT' || !name.endsWith('7') || later.has(name)) return undefined;
      later.add(name);
      return '450 4.2.1 Greylisted';
    };
    let contents = 0;
    let third;
    await startWorker({
      replies(verb, line) {
        if (verb === 'END') atEnd();
        return replies(verb, line);
      },
    });
    await startWorker({ replies, faults: [{ at: 'end', do: 'drop', times: 1 }] });
    third = await startWorker({
      replies(verb, line) {
        if (verb === 'END' && ++contents === 100) third.kill('SIGKILL');
        return replies(verb, line);
      },
    });
    const killed = once(third, 'exit');
    await startWorker({ replies });
    const stop = new AbortController();
    const watching = watchProgress(queue, { signal: stop.signal });
    await all;
    stop.abort();
    await watching;
    assert.equal((await killed)[1], 'SIGKILL');

    held = await heldJobs(queue);
    const counts = await countJobs(queue);
    const arrived = arrivals();
    assert.equal(counts.failed, 3);
    assert.equal(counts.sent + counts.failed + counts.held, total);
    // These are at least the message whose reply did not reach the killed worker, and that of the dropped connection.
    assert.ok(counts.held >= 2, `${counts.held} held`);
    const list = await npmRun('held');
    assert.deepEqual(
      list
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0])
        .sort(),
      held.map(({ id }) => id).sort(),
    );
    const twice = [...arrived].filter(([, count]) => count > 1);
    assert.deepEqual(twice, []);
    for (const { id } of await queue.getCompleted()) assert.equal(arrived.get(id), 1, id);
    const known = new Set([
      ...arrived.keys(),
      ...held.map(({ id }) => id),
      ...[0, 1, 2].map((n) => `news-${n}@example.com`),
    ]);
    assert.equal(known.size, total);
    assert.ok(later.size > 100);
  });

  it('have their progress on the terminal, until Ctrl+C', async () => {
    const { sent, failed, held: open } = await countJobs(queue);
    const env = { ...process.env, REDIS_URL: redisServer.socket };
    const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'));
    const options = { cwd: import.meta.dirname, env, stdio: ['ignore', 'pipe', 'inherit'] };
    const child = spawn('sh', ['-c', `exec ${scripts.progress}`], options);
    const exit = once(child, 'exit');
    const [line] = await once(child.stdout, 'data');
    child.kill('SIGINT');
    assert.deepEqual(await exit, [0, null]);
    const numbers = `${sent} of ${total} sent, 0 under way, 0 waiting, ${failed} failed, ${open} held`;
    assert.ok(String(line).includes(numbers), String(line));
  });

  it('make duplicates of held messages alone, where these are sent again without a look', async () => {
    assert.ok(held?.length > 0);
    const before = arrivals();
    // Half of the messages that the killed worker had begun are looked up by their Message-ID, and marked or sent again.
    // The others are sent again without a look; the message of the dropped connection had arrived.
    const begun = held.filter(({ failedReason }) => failedReason.includes('a worker began'));
    const looked = begun.filter((_, index) => index % 2 === 0);
    const blind = held.filter((job) => !looked.includes(job));
    const found = looked.filter(({ id }) => before.has(id));
    const again = [...blind, ...looked.filter((job) => !found.includes(job))];
    const all = ended(again.length);
    const [firstFound, ...otherFound] = found;
    const [firstAgain, ...otherAgain] = again;
    await npmRun('held', '--', 'delivered', firstFound.id);
    await npmRun('held', '--', 'resend', firstAgain.id);
    for (const job of otherFound) await markDelivered(job);
    for (const job of otherAgain) await resend(job);
    await all;

    const now = arrivals();
    const twice = [...now].filter(([, count]) => count > 1).map(([id]) => id);
    const expected = blind.filter(({ id }) => before.has(id)).map(({ id }) => id);
    assert.deepEqual(twice.sort(), expected.sort());
    assert.ok(twice.length > 0);
    assert.equal(now.size, total - 3, 'none is lost');
    assert.deepEqual(await countJobs(queue), { sent: total - 3, active: 0, waiting: 0, failed: 3, held: 0 });
    console.log(
      `${total} messages: ${now.size} arrived, 3 refused, ${held.length} held, ${twice.length} of these twice`,
    );
  });

  it('send attachments from their directory, and from nowhere else', async () => {
    const sent = servers.flatMap(({ messages }) => messages).filter(({ attachments }) => attachments.length > 0);
    assert.ok(sent.length >= total / 10 - 1);
    assert.ok(sent.every(({ attachments: [{ content }] }) => Buffer.from(content).toString() === 'the terms'));
    const all = ended(1);
    const attachments = [{ reference: '../secret.txt' }];
    const { id } = await queue.add(
      ...Object.values(mailJob('out', 'example.com', { to: 'ann@example.org', attachments })),
    );
    await all;
    assert.match((await queue.getJob(id)).failedReason, /outside the root/);
  });

  it('send nothing twice where one is stopped for longer than its lock, and goes on after that', async () => {
    const [first] = workers;
    const late = Array.from({ length: 300 }, (_, number) =>
      mailJob(`late-${number}`, 'example.com', { to: `user-${number}0@example.org`, text: 'Hello' }),
    );
    const all = ended(late.length);
    atEnd = () => {
      atEnd = () => {};
      first.kill('SIGSTOP');
    };
    await queue.addBulk(late);
    await all;
    const exit = once(first, 'exit');
    first.kill('SIGCONT');
    first.kill('SIGTERM');
    assert.deepEqual(await exit, [0, null]);

    const arrived = arrivals();
    const stopped = await heldJobs(queue);
    assert.ok(stopped.length > 0);
    const completed = (await queue.getCompleted()).filter(({ id }) => id.startsWith('late-'));
    assert.equal(completed.length + stopped.length, late.length);
    for (const { id } of completed) assert.equal(arrived.get(id), 1, id);
    for (const { id } of stopped) assert.ok([undefined, 1].includes(arrived.get(id)), id);
    console.log(`${late.length} messages: ${completed.length} arrived, ${stopped.length} held`);
  });

  it('end at SIGTERM with their connections closed by QUIT', async () => {
    const alive = workers.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    assert.equal(alive.length, 2);
    const exits = alive.map((worker) => once(worker, 'exit'));
    for (const worker of alive) worker.kill('SIGTERM');
    assert.deepEqual(await Promise.all(exits), [
      [0, null],
      [0, null],
    ]);
    for (const server of [servers[0], servers[1], servers[3]]) assert.ok(server.transcript.includes('C: QUIT'));
  });
});
