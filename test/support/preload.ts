/**
 * Loads the code that the library loads on first use. Otherwise the first test would wait for the compiler, for as long
 * as the machine is busy.
 * @module
 */
import 'pkijs';
import '../../src/kerberos/kerberos.js';
import '../../src/mailer/create-transport.js';
import '../../src/oauth2/oauth2.js';
import '../../src/protection/protection.js';
import '../../src/sinks/log-sinks.js';
import '../../src/store/file-profile-store.js';
