-- Remembers a token as revoked until the later of the times that were asked for, and forgets some whose time is over.
-- KEYS 5 revoked tokens
-- ARGV 6 token id, 7 when it may be forgotten, in seconds; 8 how many others to forget at most, 9 the server's time in
--      seconds
-- Returns OK; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
-- The earlier of two clocks: a Redis whose clock is ahead, having just taken over perhaps, must not forget what has
-- killed tokens that are not over yet.
local now_seconds = math.min(tonumber(redis.call('TIME')[1]), tonumber(ARGV[9]))
local known = redis.call('ZSCORE', KEYS[5], ARGV[6])
local forget_at = known and tonumber(known) > tonumber(ARGV[7]) and text_of(tonumber(known)) or ARGV[7]
publish('t', ARGV[6], 'f', forget_at)
redis.call('ZADD', KEYS[5], forget_at, ARGV[6])
record()
local over = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', '(' .. text_of(now_seconds), 'LIMIT', 0, ARGV[8])
if #over > 0 then
  redis.call('ZREM', KEYS[5], unpack(over))
end
return 'OK'
