/**
 * Runs in a process of its own, whose Object.prototype it pollutes. For each order of its parent it uses every feature
 * of the library once and reports the results. The parent's servers record the octets.
 * @module
 */
const { tasks: module, ca } = JSON.parse(process.argv[2]);
const { prepare, tasks, onNote } = await import(module);

const values = {
  none: () => undefined,
  true: () => true,
  ca: () => ca,
  string: () => 'RCPT TO:<evil@evil.example>\r\nSubject: evil\r\n',
  object: () => ({ evil: 'evil@evil.example', email: 'evil@evil.example' }),
  function: () => () => 'RCPT TO:<evil@evil.example>\r\n',
};

/**
 * Is a connection or a timer left after an order? A closed connection disappears a few turns of the event loop later.
 */
const busy = () => process.getActiveResourcesInfo().some((name) => /TCP|TLS|Timeout/.test(name));

/** Set when an order left something behind. The parent then ends this process and starts another. */
let crashed = false;
let onCrash = () => undefined;
process.on('uncaughtException', (error) => onCrash(error));

async function perform({ run, names, kind, only }) {
  const outcomes = Object.create(null);
  const kept = await prepare(run, only);
  const closing = [];
  const todo = Object.entries(tasks(run, kept, closing)).filter(([name]) => only === undefined || only.includes(name));
  const value = values[kind]();
  const prototype = Object.prototype;
  const had = names.filter((name) => name in prototype);
  const added = kind === 'none' ? [] : names.filter((name) => !had.includes(name));
  const settled = [];
  for (let i = 0; i < added.length; i++) prototype[added[i]] = value;
  try {
    await new Promise((resolve) => {
      let left = todo.length;
      // Node's own code may throw outside of any promise. Then pending tasks never settle.
      onCrash = (error) => {
        crashed = true;
        for (let i = 0; i < todo.length; i++) settled[i] ??= `error uncaught: ${error?.message}`;
        resolve(0);
      };
      for (let i = 0; i < todo.length; i++) {
        const at = i;
        const end = (outcome) => {
          settled[at] = outcome;
          if (--left === 0) resolve(0);
        };
        let promise;
        try {
          promise = todo[at][1]();
        } catch (error) {
          end(error);
          continue;
        }
        promise.then(end, end);
      }
    });
  } finally {
    for (let i = 0; i < added.length; i++) delete prototype[added[i]];
    onCrash = () => (crashed = true);
  }
  todo.forEach(([name], i) => {
    const outcome = settled[i];
    // A function makes its text here, after the pollution.
    const told = typeof outcome === 'function' ? outcome() : outcome;
    outcomes[name] = typeof told === 'string' ? told : `error ${told?.code ?? told}: ${told?.message}`;
  });
  for (const each of closing) await each.close({ force: true }).catch(() => (crashed = true));
  for (let turns = 0; busy() && turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
  crashed ||= busy();
  return outcomes;
}

process.on('message', (order) => {
  if (Object.hasOwn(order, 'note')) return onNote();
  perform(order).then(
    (outcomes) => process.send({ run: order.run, outcomes, crashed }),
    (error) => process.send({ run: order.run, failed: String(error.stack) }),
  );
});
// Lazily loaded modules must be loaded first, because a module that fails to load once fails for good.
await perform({ run: 'r00000', names: [], kind: 'none' });
process.send({ ready: true });
