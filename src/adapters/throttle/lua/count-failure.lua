-- Counts one failed credential against the address it came from, and against one of its client counters.
--
-- KEYS 1 the address's hash: field t for all, fields 0 to 63 for its client counters; expires by itself
-- ARGV 1 which counter, or empty for none
--      2 how many failures of one counter, and 3 how many of the address, are let pass
--      4 how long failures are remembered, in ms
-- Returns the count of the counter (0 for none) and of the address, separated by a space.
local of_client = ARGV[1] == '' and 0 or redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
local of_source = redis.call('HINCRBY', KEYS[1], 't', 1)
local excess = math.max(of_client - tonumber(ARGV[2]), of_source - tonumber(ARGV[3]))
if excess > 0 then
  -- The wait that is asked for, and then a window more: whoever fails right after it finds the count where it was.
  local wait_ms = 1000 * math.min(2 ^ math.min(excess - 1, 10), 60)
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', tonumber(ARGV[4]) + wait_ms))
elseif of_source == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return string.format('%.0f %.0f', of_client, of_source)
