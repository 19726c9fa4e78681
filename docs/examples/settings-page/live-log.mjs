/**
 * The log of the page: the newest lines, and the browsers that show them. The library's events contain neither secrets
 * nor message content.
 * @module
 */
import { formatLogEvent } from 'sealpost';

const keptLines = 500;

export class LiveLog {
  #lines = [];
  #watchers = new Set();

  /** The `logger` of a mailer. */
  write = (event) => {
    const line = formatLogEvent(event);
    this.#lines.push(line);
    if (this.#lines.length > keptLines) this.#lines.shift();
    for (const watcher of this.#watchers) watcher.write(dataOf(line));
  };

  /** Sends the lines so far and those that follow, as server-sent events. */
  stream(response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(`event: start\ndata:\n\n${this.#lines.map(dataOf).join('')}`);
    this.#watchers.add(response);
    response.on('close', () => this.#watchers.delete(response));
  }
}

/** A line of the log as a server-sent event. It contains no line ends. */
function dataOf(line) {
  return `data: ${line}\n\n`;
}
