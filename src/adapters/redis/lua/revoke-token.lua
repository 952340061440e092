-- Remembers a token as revoked until the later of the times that were asked for, and forgets some whose time is over.
-- KEYS 5 revoked tokens
-- ARGV 6 token id, 7 when it may be forgotten, in seconds; 8 how many others to forget at most
-- Returns OK; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
local known = redis.call('ZSCORE', KEYS[5], ARGV[6])
local forget_at = known and tonumber(known) > tonumber(ARGV[7]) and text_of(tonumber(known)) or ARGV[7]
publish('t', ARGV[6], 'f', forget_at)
redis.call('ZADD', KEYS[5], forget_at, ARGV[6])
record()
local now_seconds = redis.call('TIME')[1]
local over = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', '(' .. now_seconds, 'LIMIT', 0, ARGV[8])
if #over > 0 then
  redis.call('ZREM', KEYS[5], unpack(over))
end
return 'OK'
