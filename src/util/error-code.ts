/**
 * Reads the codes of Node's errors.
 * @module
 */

/** The code of a Node error, such as `ENOENT`; '' if it has none. */
export function errorCode(error: unknown): string {
  const { code }: { readonly code?: unknown } = Object(error);
  return typeof code === 'string' ? code : '';
}

/** For `catch`: returns `value` for an error with this code and throws any other. */
export function unless<T>(code: string, value: T): (error: unknown) => T {
  return (error) => {
    if (errorCode(error) === code) return value;
    throw error;
  };
}
