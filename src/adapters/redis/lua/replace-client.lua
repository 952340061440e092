-- Replaces a record that is still as its writer saw it, and raises the generation in the same step where asked.
-- KEYS 5 record
-- ARGV 6 client id, 7 new record, 8 version seen, 9 generation seen, 10 '1' to raise the generation
-- Returns OK and the generation; NOT_FOUND; CONFLICT: it has moved; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
local stored = redis.call('GET', KEYS[5])
if not stored then
  return 'NOT_FOUND'
end
local generation, mark = standing_of(ARGV[6])
if version_of(stored) ~= ARGV[8] or generation ~= ARGV[9] then
  return 'CONFLICT'
end
local text = with_latest_uses(ARGV[7], stored)
if ARGV[10] == '1' then
  generation = raised(generation)
  publish_generation(ARGV[6], generation)
  stand(ARGV[6], generation, mark)
end
redis.call('SET', KEYS[5], text)
record()
return 'OK ' .. generation
