-- Founds a blank store: marker, key ring and the first entry of the feed, from whose id the sequence starts at 0.
-- KEYS 5 ring, 6 revoked tokens, 7 index of clients
-- ARGV 6 ring; then the marker as pairs of field and value
-- Returns OK; NO: something is there already; WRONG_STORE.
if is_wrong_store() then
  return 'WRONG_STORE'
end
if redis.call('EXISTS', unpack(KEYS)) > 0 then
  return 'NO'
end
redis.call('XADD', feed, '0-1', 'o', '')
redis.call('SET', KEYS[5], ARGV[6])
redis.call('HSET', marker, unpack(ARGV, 7))
record()
return 'OK'
