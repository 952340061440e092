-- Stores the first administrator, unless this store ever had one.
-- KEYS 5 record, 6 index of clients
-- ARGV 6 client id, 7 record
-- Returns OK; NO: it had one; EXISTS: another client has that id; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
if redis.call('HGET', marker, 'bootstrap') == '1' then
  return 'NO'
end
if redis.call('EXISTS', KEYS[5]) == 1 then
  return 'EXISTS'
end
redis.call('SET', KEYS[5], ARGV[7])
redis.call('ZADD', KEYS[6], 0, ARGV[6])
redis.call('HSET', marker, 'bootstrap', '1')
record()
return 'OK'
