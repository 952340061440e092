/** The checking thread as it stands in the sources: threads do not inherit what compiles those on the way in. */
import { register } from 'tsx/esm/api';

register();
await import('../../src/adapters/paseto/checking-worker.ts');
