/**
 * Loaded into a server before it (`node --import`): counts what it computes, and keeps a file up to date,
 * in `COUNT_WORK_DIRECTORY`, that a test can read. The server's own code is not touched.
 */
import crypto from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { threadId, Worker } from 'node:worker_threads';

const WRITE_MS = 50;
const counts = { hashes: 0, signatureChecks: 0, slowHashes: 0 };
const counted = (name, count) => {
  const original = crypto[name];
  crypto[name] = (...args) => {
    counts[count] += 1;
    return original(...args);
  };
};
counted('hash', 'hashes');
counted('createHmac', 'hashes');
counted('verify', 'signatureChecks');
for (const name of ['scrypt', 'scryptSync', 'pbkdf2', 'pbkdf2Sync']) counted(name, 'slowHashes');
syncBuiltinESMExports();

// Threads of a server's own have no environment and so load none of this: what they are given to check is counted here.
const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function (message, ...rest) {
  const texts = String(message?.texts ?? '').split('\n');
  counts.signatureChecks += texts.filter((text) => text.startsWith('v4.public.')).length;
  return postMessage.call(this, message, ...rest);
};

const file = join(process.env.COUNT_WORK_DIRECTORY, `${threadId}.json`);
// Under another name first, so that whoever reads finds all of it.
const draft = `${file}.draft`;
const write = () => {
  writeFileSync(draft, JSON.stringify(counts));
  renameSync(draft, file);
};
write();
setInterval(write, WRITE_MS).unref();
