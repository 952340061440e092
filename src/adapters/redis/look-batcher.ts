import { LRUCache } from 'lru-cache';
import type { Client } from '../../domain/client.js';
import type { ClientId, TokenId } from '../../domain/ids.js';
import type { ClientSighting, LedgerLook, RingVersion } from '../../domain/ports.js';
import { recordFromText } from './client-text.js';
import type { Keys } from './keys.js';
import { type Link, type RedisCommand, withoutErrors } from './link.js';
import { redisFault } from './redis-fault.js';
import { generationFromText, standingFromText } from './standing-text.js';
import type { StoreBinding } from './store-binding.js';

/** How many parsed clients are kept, for when Redis says the same of them again. */
const REMEMBERED_CLIENTS = 10_000;

/** A parsed client, and the texts of which it was parsed. */
interface Parsed {
  readonly record: string;
  readonly standing: string | null;
  readonly client: Client;
}

/**
 * All looks of one turn of the event loop, of both ports, as one round trip: most of what a look costs is the trip.
 * (Holding back those that come while a trip is under way makes fewer and fuller trips, and is slower: server, Redis
 * and callers then work in turn instead of at once.)
 *
 * The order of the commands is the promise: generation and mark first and the record after, so that a change which
 * comes between can only deny (whoever sees old secrets sees the old generation, and its tokens die with that); and
 * the marker last, which vouches for all before it. What is remembered is used only if Redis has just said the same,
 * byte for byte, so it saves the parsing and decides nothing.
 */
export class LookBatcher {
  readonly #link: Link;
  readonly #keys: Keys;
  readonly #binding: StoreBinding;
  readonly #parsed = new LRUCache<string, Parsed>({ max: REMEMBERED_CLIENTS });
  #open: Batch | undefined;

  constructor(link: Link, keys: Keys, binding: StoreBinding) {
    this.#link = link;
    this.#keys = keys;
    this.#binding = binding;
  }

  async client(clientId: ClientId): Promise<ClientSighting> {
    const batch = this.#join();
    const standingAt = batch.standings.place(clientId);
    const recordAt = batch.records.place(clientId);
    const answer = await batch.answer;
    return readable(() => {
      const standing = answer.standings[standingAt] ?? null;
      const generation = generationFromText(standing);
      this.#binding.saw(generation);
      const record = answer.records[recordAt];
      return {
        client: typeof record === 'string' ? this.#parse(clientId, record, standing) : undefined,
        generation,
        ringVersion: answer.ringVersion,
      };
    });
  }

  async token(clientId: ClientId, tokenId: TokenId): Promise<LedgerLook> {
    const batch = this.#join();
    const standingAt = batch.standings.place(clientId);
    const tokenAt = batch.tokens.place(tokenId);
    const answer = await batch.answer;
    const generation = readable(() => generationFromText(answer.standings[standingAt] ?? null));
    this.#binding.saw(generation);
    return {
      generation,
      tokenRevoked: typeof answer.tokens[tokenAt] === 'string',
      ringVersion: answer.ringVersion,
    };
  }

  /** Those of the clients that are there. */
  async clients(ids: readonly ClientId[]): Promise<readonly Client[]> {
    const sightings = await Promise.all(ids.map((id) => this.client(id)));
    return sightings.flatMap(({ client }) => client ?? []);
  }

  /** The client of these texts; the same object as the last time if these are the same as the last time. */
  #parse(clientId: ClientId, record: string, standing: string | null): Client {
    const known = this.#parsed.get(clientId);
    if (known !== undefined && known.record === record && known.standing === standing) return known.client;
    const client = { ...recordFromText(clientId, record), ...standingFromText(standing) };
    this.#parsed.set(clientId, { record, standing, client });
    return client;
  }

  #join(): Batch {
    this.#link.enter();
    if (this.#open === undefined) {
      const batch = new Batch();
      this.#open = batch;
      setImmediate(() => {
        this.#open = undefined;
        this.#send(batch).then(batch.resolve, batch.reject);
      });
    }
    this.#open.requests += 1;
    return this.#open;
  }

  async #send(batch: Batch): Promise<Answer> {
    const { standings, tokens, records } = batch;
    const commands: RedisCommand[] = [['hmget', this.#keys.standing, ...standings.names]];
    if (tokens.names.length > 0) commands.push(['zmscore', this.#keys.revoked, ...tokens.names]);
    if (records.names.length > 0) {
      commands.push(['mget', ...records.names.map((id) => this.#keys.client(id as ClientId))]);
    }
    commands.push(['hmget', this.#keys.marker, 'store_id', 'ring_version']);
    try {
      const replies = withoutErrors(await this.#link.run(commands)) as (string | null)[][];
      const [storeId, ringVersion] = replies.at(-1) ?? [];
      this.#binding.verifyRestored(storeId);
      return {
        standings: replies[0] ?? [],
        tokens: (tokens.names.length > 0 ? replies[1] : undefined) ?? [],
        records: (records.names.length > 0 ? replies.at(-2) : undefined) ?? [],
        ringVersion: Number(ringVersion ?? 0),
      };
    } finally {
      this.#link.leave(batch.requests);
    }
  }
}

/** Whatever Redis holds that cannot be read is an outage: neither a yes nor a no may come of it. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw redisFault(error);
  }
}

interface Answer {
  readonly standings: readonly (string | null)[];
  readonly tokens: readonly (string | null)[];
  readonly records: readonly (string | null)[];
  readonly ringVersion: RingVersion;
}

class Batch {
  readonly standings = new Places();
  readonly tokens = new Places();
  readonly records = new Places();
  requests = 0;
  resolve: (answer: Answer) => void = () => undefined;
  reject: (reason: unknown) => void = () => undefined;
  readonly answer = new Promise<Answer>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}

/** Names in the order in which they were first asked for, each once. */
class Places {
  readonly names: string[] = [];
  readonly #places = new Map<string, number>();

  /** Where the name is, or will be. */
  place(name: string): number {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const place = this.names.push(name) - 1;
    this.#places.set(name, place);
    return place;
  }
}
