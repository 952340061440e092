-- Removes one secret of a client and moves the record's version, so that a rotation under way cannot put it back.
-- Unconditional.
-- KEYS 5 record
-- ARGV 6 secret id, 7 the time, as in the record
-- Returns OK, also when there is no such secret; NOT_FOUND: no such client; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
local stored = redis.call('GET', KEYS[5])
if not stored then
  return 'NOT_FOUND'
end
local kept = {}
local lines = lines_of(stored)
for index, line in ipairs(lines) do
  if index < 3 or use_of(line) ~= ARGV[6] then
    kept[#kept + 1] = line
  end
end
if #kept == #lines then
  write_anyway()
else
  local version, created = string.match(lines[1], '^(%d+) (%S+)')
  kept[1] = text_of(version + 1) .. ' ' .. created .. ' ' .. ARGV[7]
  redis.call('SET', KEYS[5], table.concat(kept, '\n'))
end
record()
return 'OK'
