-- Stores a new client.
-- KEYS 5 record, 6 index of clients
-- ARGV 6 client id, 7 record, 8 the generation that the caller saw
-- Returns OK; EXISTS: there is one by that id; CONFLICT: the generation is another; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
if redis.call('EXISTS', KEYS[5]) == 1 then
  return 'EXISTS'
end
if standing_of(ARGV[6]) ~= ARGV[8] then
  return 'CONFLICT'
end
redis.call('SET', KEYS[5], ARGV[7])
redis.call('ZADD', KEYS[6], 0, ARGV[6])
record()
return 'OK'
