/**
 * Recognizes file systems that several machines share.
 * @module
 */
import { statfs } from 'node:fs/promises';

/** Types of statfs(2) on Linux. */
const types: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x47504653, 'GPFS'],
]);

/** The name of the network file system of `path`, if it is on one; only recognized on Linux. */
export async function networkFileSystem(path: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  return types.get((await statfs(path)).type >>> 0);
}
