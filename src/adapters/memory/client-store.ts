import type { Client, ClientRecord, StoredSecret } from '../../domain/client.js';
import { AuthError, clientNotFound, conflict } from '../../domain/errors.js';
import type { ClientId } from '../../domain/ids.js';
import type { ClientStore, Expected } from '../../domain/ports.js';
import type { MemoryState, Standing } from './memory-state.js';

const MOVED = 'The client has changed meanwhile. Read it again.';

/** Client records and where they stand, in memory. */
export function makeMemoryClientStore(state: MemoryState): ClientStore {
  const merged = new WeakMap<ClientRecord, { readonly standing: Standing; readonly client: Client }>();

  const existing = (clientId: ClientId): ClientRecord => {
    const record = state.records.get(clientId);
    if (record === undefined) throw clientNotFound();
    return record;
  };

  const expectedOne = (clientId: ClientId, expected: Expected): ClientRecord => {
    const record = existing(clientId);
    const { generation } = state.standingOf(clientId);
    if (record.version !== expected.version || generation !== expected.generation) throw conflict(MOVED);
    return record;
  };

  const put = (record: ClientRecord): void => {
    state.records.set(record.clientId, record);
    state.ids.add(record.clientId);
  };

  /** Put together once for as long as neither part changes, since every token asks for it. */
  const clientOf = (record: ClientRecord): Client => {
    const standing = state.standingOf(record.clientId);
    const known = merged.get(record);
    if (known?.standing === standing) return known.client;
    const client = { ...record, ...standing };
    merged.set(record, { standing, client });
    return client;
  };

  return {
    async look(clientId) {
      await state.endOfTurn();
      state.requireAnswers();
      const record = state.records.get(clientId);
      return {
        client: record && clientOf(record),
        generation: state.standingOf(clientId).generation,
        ringVersion: state.ringVersion,
      };
    },

    async list({ limit, after }) {
      state.requireAnswers();
      return state.ids.page(limit, after).map((id) => clientOf(existing(id)));
    },

    async create(record, expectedGeneration, audit) {
      state.requireAnswers();
      if (state.records.has(record.clientId)) {
        throw new AuthError('already_exists', 'There is a client by that id.');
      }
      if (state.standingOf(record.clientId).generation !== expectedGeneration) throw conflict(MOVED);
      put(record);
      state.record(audit);
    },

    async bootstrap(record, audit) {
      state.requireAnswers();
      if (state.marker?.bootstrapDone) return false;
      if (state.records.has(record.clientId)) {
        throw new AuthError('already_exists', 'There is a client by that id.');
      }
      put(record);
      if (state.marker !== undefined) state.marker = { ...state.marker, bootstrapDone: true };
      state.record(audit);
      return true;
    },

    async replace(record, expected, { raiseGeneration }, audit) {
      state.requireAnswers();
      const stored = expectedOne(record.clientId, expected);
      put({ ...record, secrets: record.secrets.map((secret) => latestUse(secret, stored.secrets)) });
      const { generation, mark } = state.standingOf(record.clientId);
      const now = raiseGeneration ? state.raise(record.clientId, mark) : generation;
      state.record(audit);
      return now;
    },

    async delete(clientId, expected, audit) {
      state.requireAnswers();
      expectedOne(clientId, expected);
      state.records.delete(clientId);
      state.ids.remove(clientId);
      state.raise(clientId, undefined);
      state.record(audit);
    },

    async reinstate(clientId, expected, audit) {
      state.requireAnswers();
      expectedOne(clientId, expected);
      if (state.standingOf(clientId).mark === undefined) return;
      state.raise(clientId, undefined);
      state.record(audit);
    },

    async revoke(clientId, mark, audit) {
      state.requireAnswers();
      existing(clientId);
      const first = state.standingOf(clientId).mark;
      state.raise(clientId, first ?? { timeMs: state.clock.now(), by: mark.by, reason: mark.reason });
      state.record(audit);
    },

    async revokeTokens(clientId, audit) {
      state.requireAnswers();
      existing(clientId);
      state.raise(clientId, state.standingOf(clientId).mark);
      state.record(audit);
    },

    async revokeSecret(clientId, secretId, audit) {
      state.requireAnswers();
      const record = existing(clientId);
      const secrets = record.secrets.filter((secret) => secret.secretId !== secretId);
      if (secrets.length < record.secrets.length) {
        put({ ...record, secrets, version: record.version + 1, updateTimeMs: state.clock.now() });
      }
      state.record(audit);
    },

    touchSecret(clientId, secretId, timeMs) {
      const record = state.records.get(clientId);
      const isDue = ({ secretId: id, lastUsedTimeMs }: StoredSecret): boolean =>
        id === secretId && timeMs - (lastUsedTimeMs ?? Number.NEGATIVE_INFINITY) >= 60_000;
      // Once a minute and secret; otherwise every token would cost a copy of the record.
      if (record?.secrets.some(isDue)) {
        const secrets = record.secrets.map((secret) =>
          isDue(secret) ? { ...secret, lastUsedTimeMs: timeMs } : secret,
        );
        state.records.set(clientId, { ...record, secrets });
      }
    },
  };
}

/** The secret with the later of its times of use: a record read before a use must not undo it. */
function latestUse(secret: StoredSecret, stored: readonly StoredSecret[]): StoredSecret {
  const before = stored.find(({ secretId }) => secretId === secret.secretId)?.lastUsedTimeMs;
  return before !== undefined && before > (secret.lastUsedTimeMs ?? 0)
    ? { ...secret, lastUsedTimeMs: before }
    : secret;
}
