-- Put before every script: what all changes share. Every script gets the same four KEYS and five ARGV first.
--
-- KEYS 1 marker, 2 standing, 3 feed, 4 audit
-- ARGV 1 id of the store that the server is bound to, or empty for any
--      2 the audit entry as JSON, or empty for none
--      3 how many entries the feed keeps, 4 how many the audit trail keeps
--      5 the least generation to raise to: 1 + the highest that the server ever saw
--
-- Scripts compute first and write after, and their first write is one that needs memory: a Redis that is full refuses
-- it before anything has changed. None uses pcall, which would go on after such a refusal.
-- Numbers are returned as strings, because Lua's become integers of Redis, cut off.

local marker, standing, feed, audit = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

-- Whether this is not the store that the server knows: emptied, or another one. Nothing may be written to it.
local function is_wrong_store()
  return ARGV[1] ~= '' and redis.call('HGET', marker, 'store_id') ~= ARGV[1]
end

local function text_of(number)
  return string.format('%.0f', number)
end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The generation of a client, as text, and its mark, empty when it has none.
local function standing_of(client_id)
  local standing_text = redis.call('HGET', standing, client_id)
  if not standing_text then
    return '0', ''
  end
  return string.match(standing_text, '^(%d+) ?(.*)$')
end

-- The next generation after one: strictly above it, above all that the server saw, and not below the time, so that
-- a generation which a failover lost is overtaken.
local function raised(generation)
  return text_of(math.max(tonumber(generation) + 1, now_ms(), tonumber(ARGV[5])))
end

local function stand(client_id, generation, mark)
  redis.call('HSET', standing, client_id, mark == '' and generation or generation .. ' ' .. mark)
end

-- Appends to the feed under the next dense id. The last id is asked of the stream itself and not of its last entry,
-- which may have been trimmed away.
local function publish(...)
  local info = redis.call('XINFO', 'STREAM', feed)
  for index = 1, #info, 2 do
    if info[index] == 'last-generated-id' then
      local sequence = tonumber(string.match(info[index + 1], '^%d+')) + 1
      return redis.call('XADD', feed, 'MAXLEN', '~', ARGV[3], text_of(sequence) .. '-0', ...)
    end
  end
  error('the feed has no last-generated-id')
end

local function publish_generation(client_id, generation)
  publish('c', client_id, 'g', generation)
end

local function record()
  if ARGV[2] ~= '' then
    redis.call('XADD', audit, 'MAXLEN', '~', ARGV[4], '*', 'e', ARGV[2])
  end
end

-- Writes what is there already. An act that has nothing to change may be the repeat of one whose outcome the caller
-- never learnt, and WAIT covers only what its connection wrote (from Redis 7.2 on, a script that wrote nothing not
-- at all).
local function write_anyway()
  redis.call('HSET', marker, 'store_id', redis.call('HGET', marker, 'store_id') or '')
end
