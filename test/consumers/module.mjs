// By import.
import * as sealpost from 'sealpost';
import * as smime from 'sealpost/smime';
import * as testing from 'sealpost/testing';
import scenario from './scenario.cjs';

console.log(await scenario(sealpost, smime, testing));
