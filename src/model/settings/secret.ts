/**
 * Secrets, by value or by reference.
 * @module
 */
/**
 * A secret, by value or by reference. With a reference (an environment variable, a file or a function) a stored profile
 * contains no secret.
 *
 * References are resolved at each connection, not when the mailer is made. One trailing newline of a file is dropped.
 * An unset variable, an unreadable file or a function that throws is `ERR_SECRET` with the field's path. A secret is
 * never in any output.
 */
export type Secret =
  | string
  | {
      /** Name of an environment variable. */
      readonly env: string;
    }
  | {
      /** Path of a file; relative paths start at the working directory. */
      readonly file: string;
    }
  | (() => string | Promise<string>);
