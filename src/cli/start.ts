/**
 * The process of the command line. The build makes `dist/cli.js` of this file; the library is beside it.
 * @module
 */
import { run } from './main.js';
import { note, styled } from './terminal.js';

// The reader of a pipe may leave early, as head does: the status still shows the outcome. Other failures lose output.
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') return;
  note(`${styled('red', 'sealpost:', process.stderr)} standard output cannot be written: ${message}`);
  process.once('exit', (status) => {
    if (status === 0) process.exitCode = 1;
  });
});
process.exitCode = await run(process.argv.slice(2));
