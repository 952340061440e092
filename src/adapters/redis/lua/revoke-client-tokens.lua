-- Raises a client's generation, so that every token it holds is dead. Unconditional; the mark stays as it is.
-- KEYS 5 record
-- ARGV 6 client id
-- Returns OK and the generation; NOT_FOUND; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
if redis.call('EXISTS', KEYS[5]) == 0 then
  return 'NOT_FOUND'
end
local generation, mark = standing_of(ARGV[6])
generation = raised(generation)
publish_generation(ARGV[6], generation)
stand(ARGV[6], generation, mark)
record()
return 'OK ' .. generation
