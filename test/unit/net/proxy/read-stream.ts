import type { Duplex } from 'node:stream';

/** The next `length` octets of a stream in flowing mode, which is how an SMTP connection reads. */
export function readStream(stream: Duplex, length: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (text.length < length) return;
      stream.off('data', onData);
      resolve(text);
    };
    stream
      .on('data', onData)
      .on('error', reject)
      .on('end', () => reject(new Error(`ended after ${JSON.stringify(text)}`)));
  });
}
