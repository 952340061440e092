-- Puts back ledger entries that a failover may have lost: each by maximum, and told to the feed where it was new.
-- KEYS 5 revoked tokens
-- ARGV three for each entry from 6 on: 'c', client id, generation; or 't', token id, when to forget it in seconds
-- Returns OK; WRONG_STORE. Fails for what is no whole number below 2^53: above such a generation there would be no other.
if is_wrong_store() then
  return 'WRONG_STORE'
end
for index = 8, #ARGV, 3 do
  if not string.match(ARGV[index], '^%d+$') or tonumber(ARGV[index]) >= 2 ^ 53 then
    error('an entry has no number that can be counted on from')
  end
end
local changed = false
for index = 6, #ARGV, 3 do
  local kind, id, value = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  if kind == 'c' then
    local generation, mark = standing_of(id)
    if tonumber(value) > tonumber(generation) then
      publish_generation(id, value)
      stand(id, value, mark)
      changed = true
    end
  else
    local known = redis.call('ZSCORE', KEYS[5], id)
    if not known or tonumber(value) > tonumber(known) then
      publish('t', id, 'f', value)
      redis.call('ZADD', KEYS[5], value, id)
      changed = true
    end
  end
end
if not changed then
  write_anyway()
end
return 'OK'
