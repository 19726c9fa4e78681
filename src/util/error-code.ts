/**
 * Codes of Node's errors.
 *
 * @module
 */

/** The code of an error of Node's, as `ENOENT`; '' where it has none. */
export function errorCode(error: unknown): string {
  const { code }: { readonly code?: unknown } = Object(error);
  return typeof code === 'string' ? code : '';
}

/** For `catch`: gives `value` for an error with this code, and throws every other. */
export function unless<T>(code: string, value: T): (error: unknown) => T {
  return (error) => {
    if (errorCode(error) === code) return value;
    throw error;
  };
}
