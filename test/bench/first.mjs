// One message from a fresh process: the time from its start to the server's 250, and to its exit. node first.mjs [--rounds N] [--tls]
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
const args = process.argv.slice(2);
const rounds = Number(args[args.indexOf('--rounds') + 1]) || 7;
const tls = args.includes('--tls');
const here = path.dirname(fileURLToPath(import.meta.url));
const port = 26100 + Math.floor(Math.random() * 500);
const sink = spawn(
  process.execPath,
  ['sinks/node-sink.mjs', '--port', String(port), ...(tls ? ['--tls', 'certs/tls.pem,certs/tls.key'] : [])],
  { cwd: here, stdio: 'ignore' },
);
await new Promise((r) => setTimeout(r, 800));
const program = (adapter) => `
const t = performance.now(); const A = await import('./adapters/${adapter}.mjs'); const i = performance.now();
const c = await A.createClient({ host: '127.0.0.1', port: ${port}, connections: 1, starttls: ${tls} });
await c.send({ from: 'Alice Example <alice@example.com>', to: ['bob@example.org'], subject: 'Hello', text: 'Hello Bob' });
const s = performance.now(); const u = process.cpuUsage(); await c.close();
process.on('exit', () => console.log(JSON.stringify({ importMs: i - t, sendMs: s - i, upMs: s, cpuMs: (u.user + u.system) / 1000, rssMB: process.memoryUsage().rss / 1048576 })));`;
const one = (adapter) =>
  new Promise((resolve, reject) => {
    const t = performance.now();
    let out = '';
    const p = spawn(process.execPath, ['--input-type=module', '-e', program(adapter)], {
      cwd: here,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    p.stdout.on('data', (d) => (out += d));
    p.on('close', (code) =>
      code === 0 && out
        ? resolve({ ...JSON.parse(out), wallMs: performance.now() - t })
        : reject(new Error(adapter + ' ' + code)),
    );
  });
const adapters = tls ? ['nodemailer', 'ours'] : ['nodemailer', 'ours', 'limit'];
const all = Object.fromEntries(adapters.map((a) => [a, []]));
for (let r = 0; r < rounds; r++) for (const a of adapters) all[a].push(await one(a));
const med = (xs) => xs.sort((a, b) => a - b)[xs.length >> 1];
for (const a of adapters) {
  const row = {};
  for (const k of Object.keys(all[a][0]))
    row[k] = [
      med(all[a].map((x) => x[k])).toFixed(1),
      med(all[a].map((x, i) => x[k] / all.nodemailer[i][k])).toFixed(2) + 'x',
    ];
  console.log(a, JSON.stringify(row));
}
sink.kill();
