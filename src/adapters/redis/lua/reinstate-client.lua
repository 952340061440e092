-- Lifts the mark of a client that is still as it was seen, and raises its generation: tokens from before stay dead.
-- KEYS 5 record
-- ARGV 6 client id, 7 version seen, 8 generation seen
-- Returns OK and the generation, unchanged when there was no mark; NOT_FOUND; CONFLICT: it has moved; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
local stored = redis.call('GET', KEYS[5])
if not stored then
  return 'NOT_FOUND'
end
local generation, mark = standing_of(ARGV[6])
if version_of(stored) ~= ARGV[7] or generation ~= ARGV[8] then
  return 'CONFLICT'
end
if mark == '' then
  write_anyway()
  return 'OK ' .. generation
end
generation = raised(generation)
publish_generation(ARGV[6], generation)
stand(ARGV[6], generation, '')
record()
return 'OK ' .. generation
