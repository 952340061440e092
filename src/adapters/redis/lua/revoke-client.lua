-- Marks a client as revoked, unless it is marked already, and raises its generation. Unconditional.
-- KEYS 5 record
-- ARGV 6 client id, 7 the mark as a JSON object with at least one field, to which the time is added
-- Returns OK and the generation; NOT_FOUND; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
if redis.call('EXISTS', KEYS[5]) == 0 then
  return 'NOT_FOUND'
end
local generation, mark = standing_of(ARGV[6])
if mark == '' then
  mark = '{"t":' .. text_of(now_ms()) .. ',' .. string.sub(ARGV[7], 2)
end
generation = raised(generation)
publish_generation(ARGV[6], generation)
stand(ARGV[6], generation, mark)
record()
return 'OK ' .. generation
