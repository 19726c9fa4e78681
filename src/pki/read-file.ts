/**
 * Reads files of certificates and keys with the shared reader, and turns its results into errors.
 * @module
 */
import { readFile } from '../system/read-file.js';
import { isBytes } from '../util/bytes.js';
import { certificateError } from './certificate-error.js';
import { maxFileBytes } from './formats/read-contents.js';

/** The bytes of a file. ERR_CERTIFICATE if it is missing, not readable, not a regular file, or longer than 16 MiB. */
export async function readCertificateFile(path: string): Promise<Buffer> {
  const bytes = await readFile(path, maxFileBytes);
  if (isBytes(bytes)) return bytes;
  throw certificateError(bytes.reason, remedies[bytes.problem], bytes.cause);
}

const remedies = {
  missing: 'Check the path: relative ones are from the working directory.',
  denied: 'Give this process permission to read the file.',
  'not-a-file': 'Name a file with certificates, not a directory, pipe or device.',
  'too-long': 'Certificates and keys are shorter: name the file that contains them.',
  failed: 'Check that this process can read the file.',
} as const;
