/**
 * A minimal SMTP client: greeting, EHLO, STARTTLS if offered, AUTH with a mechanism, QUIT.
 * @module
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SaslMechanism } from '../../src/model/sasl.js';

/** The server's last reply to AUTH, and all lines of the dialogue. */
export interface AuthOutcome {
  readonly reply: string;
  readonly lines: readonly string[];
}

class Lines {
  readonly all: string[] = [];
  #rest = '';
  readonly #queue: string[] = [];
  #waiting: ((line: string) => void) | undefined;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.#rest += chunk.toString('latin1');
      for (let end = this.#rest.indexOf('\r\n'); end >= 0; end = this.#rest.indexOf('\r\n')) {
        this.#give(this.#rest.slice(0, end));
        this.#rest = this.#rest.slice(end + 2);
      }
    });
    socket.on('error', (error) => this.#give(`000 ${error.message}`));
    socket.on('close', () => this.#give('000 closed'));
  }

  #give(line: string): void {
    this.all.push(`S: ${line}`);
    if (this.#waiting === undefined) this.#queue.push(line);
    else this.#waiting(line);
    this.#waiting = undefined;
  }

  async reply(): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = this.#queue.shift() ?? (await new Promise<string>((resolve) => (this.#waiting = resolve)));
      lines.push(line);
      if (line[3] !== '-') return lines;
    }
  }

  async say(text: string): Promise<string[]> {
    this.all.push(`C: ${text}`);
    this.socket.write(`${text}\r\n`);
    return this.reply();
  }
}

/** Authenticates and quits. Errors of the mechanism are thrown. */
export async function authenticate(port: number, mechanism: SaslMechanism): Promise<AuthOutcome> {
  let lines = new Lines(connect(port, '127.0.0.1'));
  try {
    await lines.reply();
    let offered = await lines.say('EHLO client.test');
    if (offered.some((line) => /STARTTLS/.test(line))) {
      await lines.say('STARTTLS');
      lines.socket.removeAllListeners('data');
      const secured = connectTls({ socket: lines.socket, rejectUnauthorized: false });
      await new Promise((resolve, reject) => secured.once('secureConnect', resolve).once('error', reject));
      lines = new Lines(secured);
      offered = await lines.say('EHLO client.test');
    }
    if (!offered.some((line) => /^250[- ]AUTH\b.*\bGSSAPI\b/.test(line)))
      throw new Error(`GSSAPI is not offered: ${offered.join(' | ')}`);
    const first = await mechanism.start({ host: 'localhost', port, secure: true });
    let [reply = ''] = await lines.say(`AUTH ${mechanism.name} ${Buffer.from(first ?? '').toString('base64')}`);
    while (reply.startsWith('334')) {
      const response = await mechanism.next(Buffer.from(reply.slice(4), 'base64'));
      [reply = ''] = await lines.say(Buffer.from(response).toString('base64'));
    }
    return { reply, lines: lines.all };
  } finally {
    lines.socket.destroy();
  }
}
