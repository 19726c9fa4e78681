/**
 * Runs a SASL mechanism of the caller.
 * @module
 */
import { createEmailError, isEmailError, kindOfError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { SaslMechanism } from '../model/sasl.js';
import { isBytes } from '../util/bytes.js';
import { dropPromise } from '../util/notify.js';

/**
 * Wraps a caller's mechanism. Its exceptions become the `cause` of an EmailError. Their text is left out of the
 * message, because it may contain a secret.
 */
export function customMechanism(create: () => SaslMechanism): SaslMechanism {
  const failed = (how: string, cause?: unknown): EmailError =>
    createEmailError('ERR_AUTH_UNAVAILABLE', `The mechanism of authentication.createMechanism failed: ${how}.`, {
      phase: 'authenticate',
      cause,
      remedy: 'See the cause of this error, and the mechanism.',
    });
  const threw = (cause: unknown): EmailError =>
    isEmailError(cause) ? cause : failed(`it threw ${kindOfError(cause)}`, cause);
  const checked = async <T>(call: () => T | Promise<T>, mayBeUndefined: boolean): Promise<T> => {
    let response: unknown;
    try {
      response = await call();
    } catch (cause) {
      throw threw(cause);
    }
    if (isBytes(response) || (mayBeUndefined && response === undefined)) return response as T;
    throw failed('its response is not a Uint8Array');
  };
  const read = <T>(call: () => T, what: string): T => {
    let value: T;
    let isPromise: boolean;
    try {
      value = call();
      isPromise = dropPromise(value);
    } catch (cause) {
      throw threw(cause);
    }
    if (isPromise) throw failed(`it returned a promise instead of ${what}`);
    return value;
  };
  const mechanism = read(create, 'a mechanism');
  const name: unknown = read(() => mechanism.name, 'a name');
  if (typeof name !== 'string') throw failed('its name is not text');
  return {
    name,
    get complete() {
      return read(() => mechanism.complete, 'true or false for complete') === true;
    },
    start: (context) => checked(() => mechanism.start(context), true),
    next: (challenge) => checked(() => mechanism.next(challenge), false),
  };
}
