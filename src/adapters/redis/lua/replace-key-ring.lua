-- Replaces the key ring by its next version; a key revoked by that enters the ledger in the same step.
-- KEYS 5 ring
-- ARGV 6 ring, 7 its version, 8 the version before, 9 id of the revoked key, or empty
-- Returns OK; NO: the ring has another version by now; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
if redis.call('HGET', marker, 'ring_version') ~= ARGV[8] then
  return 'NO'
end
if ARGV[9] ~= '' then
  publish('k', ARGV[9])
end
redis.call('SET', KEYS[5], ARGV[6])
redis.call('HSET', marker, 'ring_version', ARGV[7])
record()
return 'OK'
