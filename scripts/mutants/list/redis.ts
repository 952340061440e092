import { type Mutant, mutant } from '../mutant.js';

/** Faults in how Redis is asked, and in what is believed of its answers. */
export const REDIS: readonly Mutant[] = [
  {
    fault: 'the record is read before generation and mark',
    file: 'src/adapters/redis/look-batcher.ts',
    edits: [
      {
        find: "const commands: RedisCommand[] = [['hmget', this.#keys.standing, ...standings.names]];",
        replace: 'const commands: RedisCommand[] = [];',
      },
      {
        find: 'if (tokens.names.length > 0) commands.push',
        replace: `if (records.names.length > 0) commands.push(['mget', ...records.names.map((id) => this.#keys.client(id as ClientId))]);
    commands.push(['hmget', this.#keys.standing, ...standings.names]);
    if (tokens.names.length > 0) commands.push`,
      },
      {
        find: `if (records.names.length > 0) {
      commands.push(['mget', ...records.names.map((id) => this.#keys.client(id as ClientId))]);
    }`,
        replace: 'const shift = records.names.length > 0 ? 1 : 0;',
      },
      { find: 'standings: replies[0] ?? [],', replace: 'standings: replies[shift] ?? [],' },
      {
        find: '(tokens.names.length > 0 ? replies[1] : undefined)',
        replace: '(tokens.names.length > 0 ? replies[shift + 1] : undefined)',
      },
      {
        find: '(records.names.length > 0 ? replies.at(-2) : undefined)',
        replace: '(records.names.length > 0 ? replies[0] : undefined)',
      },
    ],
    specs: ['adapters/redis/faults'],
    killedBy: [
      'a Redis in trouble asks for where a client stands before its record, and for the marker last',
    ],
  },
  mutant(
    'a look is believed whichever store it was in',
    'src/adapters/redis/look-batcher.ts',
    ['this.#binding.verifyRestored(storeId);', 'void storeId;'],
    ['adapters/redis/faults'],
    [
      'a Redis in trouble that is emptied answers nothing, is written nothing, and is trusted again once its data is back',
    ],
  ),
  mutant(
    'after a failover looks are believed before what it may have lost was put back',
    'src/adapters/redis/look-batcher.ts',
    ['this.#binding.verifyRestored(storeId);', 'this.#binding.verify(storeId);'],
    ['adapters/redis/feed-breaks'],
    [
      'a feed that cannot be continued lets no token pass for alive after a failover before what that may have lost was put back',
    ],
  ),
  mutant(
    'a remembered client outlives a change of where it stands',
    'src/adapters/redis/look-batcher.ts',
    [' && known.standing === standing', ''],
    ['adapters/redis/redis-store'],
    ['revocations revoking again keeps the first mark and kills once more'],
  ),
  mutant(
    'a remembered client outlives a change of its record',
    'src/adapters/redis/look-batcher.ts',
    ['known.record === record && ', ''],
    ['adapters/redis/redis-store'],
    ['client records a secret that is used shows when, changing neither version nor etag'],
  ),
  mutant(
    'how many replicas have a change is not looked at',
    'src/adapters/redis/script-runner.ts',
    [
      'this.#waitReplicas === 0 || Number(replies[calls.length]) >= this.#waitReplicas',
      'this.#waitReplicas >= 0',
    ],
    ['adapters/redis/replicas'],
    ['with replicas to wait for a change that too few hold is not answered, whatever it was'],
  ),
  mutant(
    'a server without a confirmed beat goes on saying yes',
    'src/adapters/redis/store-binding.ts',
    [
      'this.#lastBeat === undefined || this.#clock.monotonic() - this.#lastBeat <= BEAT_COUNTS_FOR_MS',
      'this.#clock.monotonic() >= -BEAT_COUNTS_FOR_MS',
    ],
    ['adapters/redis/replicas'],
    [
      'with replicas to wait for a server whose master has lost them stops answering, reads too, and comes back with them',
    ],
  ),
  mutant(
    'a beat counts, however many replicas confirmed it',
    'src/adapters/redis/pulse.ts',
    [
      'if (wrote.value.held >= waitReplicas) binding.confirm(sentAt);',
      'binding.confirm(sentAt + waitReplicas * 0);',
    ],
    ['adapters/redis/replicas'],
    [
      'with replicas to wait for a server whose master has lost them stops answering, reads too, and comes back with them',
    ],
  ),
  mutant(
    'a damaged generation is compared as if it were one',
    'src/adapters/redis/standing-text.ts',
    ['if (!Number.isSafeInteger(generation)) throw damaged();', ''],
    ['adapters/redis/faults'],
    ['that holds a damaged generation'],
  ),
  mutant(
    'a time-out is taken for success',
    'src/adapters/redis/link.ts',
    ["reject(redisFault(new Error('Redis did not answer in time')));", "resolve(commands.map(() => 'OK'));"],
    ['adapters/redis/hang'],
    ['a Redis that hangs leaves no call pending: each is refused in time, all the while'],
  ),
  mutant(
    'requests pile up behind a Redis that hangs',
    'src/adapters/redis/link.ts',
    ['if (this.#inFlight >= this.#limits.maxInFlight) {', 'if (this.#inFlight < 0) {'],
    ['adapters/redis/hang'],
    [
      'a Redis that hangs lets nothing pile up: past a thousand waiting requests the next are refused at once',
    ],
  ),
  mutant(
    'callers see the words of Redis',
    'src/adapters/redis/redis-fault.ts',
    [
      'cause instanceof AuthError ? cause : temporarilyUnavailable(withoutArguments(cause))',
      'cause as AuthError',
    ],
    ['adapters/redis/faults'],
    [
      'a Redis in trouble that is emptied answers nothing, is written nothing, and is trusted again once its data is back',
    ],
  ),
  mutant(
    'a hole in the feed is passed over',
    'src/adapters/redis/feed-source.ts',
    ['if (found !== sequence + 1) throw', 'if (found < 0) throw'],
    ['adapters/redis/feed-breaks'],
    ['a feed that cannot be continued says so when a change is missing'],
  ),
  mutant(
    'a position that was trimmed away is continued from',
    'src/adapters/redis/feed-source.ts',
    [' || from.sequence < firstSequence - 1', ' || firstSequence < 0'],
    ['adapters/redis/feed-breaks'],
    ['a feed that cannot be continued goes on from its end even when everything has been trimmed away'],
  ),
  {
    fault: 'the epoch is not compared',
    file: 'src/adapters/redis/feed-source.ts',
    edits: [
      { find: 'from.epoch !== epoch || from.sequence > last', replace: 'from.sequence > last' },
      { find: "if (epoch !== from.epoch) throw new FeedBroken('The epoch has changed.');", replace: '' },
    ],
    specs: ['adapters/redis/feed-breaks'],
    killedBy: ['says so when Redis has restarted', 'ends whoever follows when Redis becomes another one'],
  },
  mutant(
    'the feed confirms as of the answer, not as of the question',
    'src/adapters/redis/feed-source.ts',
    ['sink.confirmed(askedAt)', 'sink.confirmed(clock.monotonic() + askedAt * 0)'],
    ['adapters/redis/feed-breaks'],
    ['confirms as of the question'],
  ),
];
