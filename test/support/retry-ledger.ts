/**
 * Many messages through two servers that fail at random at every stage, with every combination of retry and failover:
 * the messages that the servers kept are compared with the outcome and the attempts that the mailer told of each
 * message.
 */
import { createMailer, isEmailError } from '../../src/index.js';
import type { EmailError, MailMessage, OutgoingServer, SendAttempt, SendResult } from '../../src/index.js';
import { TestSmtpServer } from '../../src/testing.js';
import type { TestFault, TestFaultStage, TestMessage } from '../../src/testing.js';
import { random } from './random.js';

export interface Combination {
  readonly servers: 1 | 2;
  readonly attempts: number | undefined;
  readonly extensions: readonly string[] | undefined;
  readonly messagesInFlight: number;
  readonly requireAllRecipients: boolean;
  /** Recipients in one transaction. */
  readonly maxRecipients: number | undefined;
}

const plain = ['SIZE 104857600', '8BITMIME', 'ENHANCEDSTATUSCODES'];
const styles: readonly Omit<Combination, 'servers' | 'attempts'>[] = [
  { extensions: undefined, messagesInFlight: 1, requireAllRecipients: false, maxRecipients: undefined },
  { extensions: undefined, messagesInFlight: 4, requireAllRecipients: false, maxRecipients: 1 },
  { extensions: ['PIPELINING', ...plain], messagesInFlight: 2, requireAllRecipients: true, maxRecipients: undefined },
  { extensions: plain, messagesInFlight: 1, requireAllRecipients: false, maxRecipients: 2 },
];

/** One or two servers, with and without retry, in each style of conversation. */
export const combinations: readonly Combination[] = ([1, 2] as const).flatMap((servers) =>
  [undefined, 1, 2, 4].flatMap((attempts) => styles.map((style) => ({ servers, attempts, ...style }))),
);

export interface RetryLedger {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly faults: number;
  /** Contradictions, of which there must be none. */
  readonly wrong: readonly string[];
}

const replies: Readonly<Record<string, readonly string[]>> = {
  GREETING: ['421 4.3.2 later', '554 5.3.2 no'],
  EHLO: ['421 4.3.2 later'],
  MAIL: ['451 4.3.0 later', '550 5.7.1 no', '421 4.3.2 later', '432 4.3.2 Concurrent connections limit exceeded'],
  RCPT: ['450 4.2.0 later', '550 5.1.1 no', '421 4.3.2 later', '450 4.7.1 Greylisted for 0 seconds'],
  DATA: ['451 4.3.0 later', '554 5.3.0 no', '421 4.3.2 later'],
  END: ['451 4.3.0 later', '554 5.6.0 no', '421 4.3.2 later'],
};
const kinds: readonly TestFault[] = [{ do: 'drop' }, { do: 'reset' }];

/** Runs one combination. `rate` is the chance of a fault at each stage. */
export async function runRetryLedger(
  combination: Combination,
  { messages, rate, seed }: { readonly messages: number; readonly rate: number; readonly seed: number },
): Promise<RetryLedger> {
  const next = random(seed);
  let faults = 0;
  let faulty = true;
  const hit = (): boolean => {
    const strikes = faulty && next(1_000_000) < rate * 1_000_000;
    if (strikes) faults++;
    return strikes;
  };
  const oneOf = <T>(list: readonly T[]): T => list[next(list.length)] as T;
  const start = (): Promise<TestSmtpServer> =>
    TestSmtpServer.start({
      security: 'none',
      ...(combination.extensions && { extensions: combination.extensions }),
      faults: (at: TestFaultStage) => (at !== 'QUIT' && at !== 'RSET' && hit() ? oneOf(kinds) : undefined),
      replies: (verb) => {
        const list = replies[verb];
        return list && hit() ? oneOf(list) : undefined;
      },
    });
  await using first = await start();
  await using second = await start();
  const servers = [first, second].slice(0, combination.servers);
  const settings = servers.map(({ port }) => ({
    host: '127.0.0.1',
    port,
    security: 'none' as const,
    maxRecipients: combination.requireAllRecipients ? undefined : combination.maxRecipients,
  }));
  const { attempts: most, messagesInFlight, requireAllRecipients } = combination;
  const mailer = createMailer(
    {
      name: 'ledger',
      sender: { email: 'a@example.com' },
      server: combination.servers === 2 ? settings : (settings[0] as OutgoingServer),
    },
    { pool: { maxConnections: 4, messagesInFlight }, ...(most && { retry: { attempts: most, delayMs: 1, maxMs: 3 } }) },
  );
  const told: (SendResult | EmailError | undefined)[] = new Array<undefined>(messages).fill(undefined);
  function* source(): Generator<MailMessage> {
    for (let i = 0; i < messages; i++) {
      const to = Array.from({ length: 1 + next(3) }, (_, at) => `r${at}.${i}@example.org`);
      yield { to, subject: String(i), text: 'x'.repeat(next(50) === 0 ? 100_000 : 200) };
    }
  }
  const recipients: string[][] = [];
  for await (const { message, result, error } of mailer.sendAll(source(), { requireAllRecipients })) {
    const number = Number(message.subject);
    told[number] = result ?? error;
    recipients[number] = message.to as string[];
  }
  faulty = false;
  await mailer.close();
  const kept = servers.map(({ messages: list }) => bySubject(list));
  const names = servers.map(({ port }) => `127.0.0.1:${port}`);
  const outcomes: Record<string, number> = {};
  let attempts = 0;
  const wrong = told.flatMap((outcome, number) => {
    const kind = outcome === undefined ? 'none' : isEmailError(outcome) ? outcome.delivery : 'sent';
    outcomes[kind] = (outcomes[kind] ?? 0) + 1;
    if (outcome === undefined) return [`message ${number} did not settle`];
    attempts += outcome.attempts?.length ?? 0;
    const held = kept.map((list) => list.get(number) ?? []);
    return contradictions(outcome, { to: recipients[number] ?? [], held, names, combination }).map(
      (text) => `message ${number} (${kind}, ${JSON.stringify(outcome.attempts)}): ${text}`,
    );
  });
  return { outcomes, attempts, faults, wrong };
}

function bySubject(list: readonly TestMessage[]): ReadonlyMap<number, readonly TestMessage[]> {
  const found = new Map<number, TestMessage[]>();
  for (const message of list) {
    const number = Number(message.subject);
    found.set(number, [...(found.get(number) ?? []), message]);
  }
  return found;
}

interface Facts {
  readonly to: readonly string[];
  /** The message as each server kept it, once for each transaction. */
  readonly held: readonly (readonly TestMessage[])[];
  readonly names: readonly string[];
  readonly combination: Combination;
}

const addressesOf = (message: TestMessage): readonly string[] => message.envelope.to.map(({ address }) => address);
const sorted = (list: readonly string[]): string => [...list].sort().join();

function contradictions(outcome: SendResult | EmailError, facts: Facts): readonly string[] {
  const { to, held, names, combination } = facts;
  const wrong: string[] = [];
  const check = (holds: boolean, text: string): void => {
    if (!holds) wrong.push(text);
  };
  const taken = held.flat().flatMap(addressesOf);
  check(new Set(taken).size === taken.length, `taken twice: ${sorted(taken)}`);
  const { messageId, attempts } = outcome;
  for (const { headers } of held.flat())
    check(headers['message-id']?.[0] === `<${messageId}>`, `another Message-ID: ${headers['message-id']?.[0]}`);
  if (!isEmailError(outcome)) {
    const { accepted, rejected } = outcome;
    check(sorted(accepted) === sorted(taken), `accepted ${sorted(accepted)}, taken ${sorted(taken)}`);
    const all = [...accepted, ...rejected.map(({ recipient }) => recipient)];
    check(sorted(all) === sorted(to), `of ${sorted(to)} the result tells ${sorted(all)}`);
  } else if (outcome.delivery === 'not-delivered') check(taken.length === 0, `taken: ${sorted(taken)}`);
  else if (outcome.delivery === 'partly-delivered') {
    const without = new Set(outcome.recipients?.map(({ recipient }) => recipient));
    const having = to.filter((recipient) => !without.has(recipient));
    check(sorted(having) === sorted(taken), `told as having it: ${sorted(having)}, taken: ${sorted(taken)}`);
  }
  const isAsked = combination.servers > 1 || combination.attempts !== undefined;
  check((attempts !== undefined) === isAsked, 'attempts are told where they were not asked for, or the reverse');
  if (attempts !== undefined) wrong.push(...ofAttempts(attempts, outcome, { ...facts, names }));
  return wrong;
}

function ofAttempts(
  attempts: readonly SendAttempt[],
  outcome: SendResult | EmailError,
  { held, names, combination }: Facts,
): readonly string[] {
  const wrong: string[] = [];
  const isUnknown = isEmailError(outcome) && outcome.delivery === 'unknown';
  for (const [at, name] of names.entries()) {
    const own = attempts.filter(({ server }) => server === name);
    if (own.length > (combination.attempts ?? 1)) wrong.push(`${own.length} attempts at ${name}`);
    const told = sorted(own.flatMap(({ accepted }) => accepted));
    const taken = sorted((held[at] ?? []).flatMap(addressesOf));
    if (!isUnknown && told !== taken) wrong.push(`attempts at ${name} tell ${told}, and it took ${taken}`);
  }
  for (const [at, { error }] of attempts.entries()) {
    const isLast = at === attempts.length - 1;
    if (error?.delivery === 'unknown' && !isLast) wrong.push('an attempt followed one with unknown delivery');
    if (error?.phase === 'acceptance' && error.reply?.code === 451 && !isLast)
      wrong.push('an attempt followed 4yz after the content');
    if (error?.reply !== undefined && error.reply.code >= 500 && error.phase === 'transaction' && !isLast)
      if (error.code === 'ERR_SMTP_REPLY') wrong.push('an attempt followed 5yz for the message');
  }
  const had = new Set<string>();
  const refused = new Set<string>();
  for (const { recipients, accepted, rejected } of attempts) {
    if (recipients.some((recipient) => refused.has(recipient))) wrong.push('an attempt after 5yz for a recipient');
    if (recipients.some((recipient) => had.has(recipient)))
      wrong.push('an attempt for a recipient who has the message');
    for (const recipient of accepted) had.add(recipient);
    for (const { recipient, reply } of rejected) if ((reply?.code ?? 0) >= 500) refused.add(recipient);
  }
  return wrong;
}
