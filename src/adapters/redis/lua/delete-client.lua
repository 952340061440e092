-- Removes a client that is still as it was seen, and its mark; raises its generation, which stays for ever.
-- KEYS 5 record, 6 index of clients
-- ARGV 6 client id, 7 version seen, 8 generation seen
-- Returns OK and the generation; NOT_FOUND; CONFLICT: it has moved; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
local stored = redis.call('GET', KEYS[5])
if not stored then
  return 'NOT_FOUND'
end
local generation = standing_of(ARGV[6])
if version_of(stored) ~= ARGV[7] or generation ~= ARGV[8] then
  return 'CONFLICT'
end
generation = raised(generation)
publish_generation(ARGV[6], generation)
stand(ARGV[6], generation, '')
redis.call('DEL', KEYS[5])
redis.call('ZREM', KEYS[6], ARGV[6])
record()
return 'OK ' .. generation
