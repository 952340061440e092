-- Notes when secrets were last used, at most once a minute for each. Changes only what is there: a deleted record or
-- secret stays deleted. No version moves, nobody is told.
-- KEYS 5… records
-- ARGV for each record two from 6 on: secret id, time of use as in the record
-- Returns OK; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
for touch = 5, #KEYS do
  local secret_id, used = ARGV[touch * 2 - 4], ARGV[touch * 2 - 3]
  local stored = redis.call('GET', KEYS[touch])
  local lines = lines_of(stored or '')
  for index = 3, #lines do
    local line_id, before = use_of(lines[index])
    if line_id == secret_id and time_of(used) - time_of(before) >= 60000 then
      lines[index] = with_use(lines[index], used)
      redis.call('SET', KEYS[touch], table.concat(lines, '\n'))
    end
  end
end
return 'OK'
