/**
 * Secrets, by value or by reference.
 * @module
 */
/**
 * A secret by value, or by reference so that a stored profile holds none: an environment variable, a file, or a function.
 *
 * References are resolved at each connection, not when the mailer is made. One trailing newline of a file is dropped. An unset
 * variable, an unreadable file or a function that throws is `ERR_SECRET` with the field's path. A secret is never in any output.
 */
export type Secret =
  | string
  | {
      /** Name of an environment variable. */
      readonly env: string;
    }
  | {
      /** Path of a file; relative to the working directory. */
      readonly file: string;
    }
  | (() => string | Promise<string>);
