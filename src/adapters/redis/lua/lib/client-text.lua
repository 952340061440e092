-- The form of a client record, as src/adapters/redis/client-text.ts describes it:
--   line 1   version createTime updateTime
--   line 2   settings, JSON
--   the rest secretId hash pepperId createTime expireTime|- lastUsedTime|- madeBy|-

local function lines_of(text)
  local lines = {}
  for line in string.gmatch(text, '[^\n]+') do
    lines[#lines + 1] = line
  end
  return lines
end

local function version_of(text)
  return string.match(text, '^%d+')
end

-- The id of a secret and when it was last used, '-' for never.
local function use_of(line)
  return string.match(line, '^(%S+) %S+ %S+ %S+ %S+ (%S+) ')
end

local function with_use(line, used)
  return (string.gsub(line, '^(%S+ %S+ %S+ %S+ %S+ )%S+', '%1' .. used))
end

local function time_of(text)
  return text == '-' and -math.huge or tonumber(text, 36)
end

-- A record in which no secret was last used earlier than in another state of the record.
local function with_latest_uses(text, other)
  local used = {}
  local others = lines_of(other)
  for index = 3, #others do
    local secret_id, time = use_of(others[index])
    used[secret_id] = time
  end
  local lines = lines_of(text)
  for index = 3, #lines do
    local secret_id, time = use_of(lines[index])
    local before = used[secret_id]
    if before and time_of(before) > time_of(time) then
      lines[index] = with_use(lines[index], before)
    end
  end
  return table.concat(lines, '\n')
end
