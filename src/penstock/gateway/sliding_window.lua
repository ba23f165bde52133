-- Counts one request in a sliding window over the current and the previous minute, if it still fits.
-- KEYS[1] the user's counter, KEYS[2] the epoch of key revocations
-- ARGV[1] the limit a minute, ARGV[2] microseconds since 1970, or 0 for the server's own clock
-- Gives: 1 when admitted, how many are left, microseconds until one fits, microseconds to the minute's end, the epoch.
-- gateway/window.py is the twin of this file; a test compares the two.
local limit, now = tonumber(ARGV[1]), tonumber(ARGV[2])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local minute = 60000000
local bucket, elapsed = math.floor(now / minute), now % minute

local kept = redis.call('HMGET', KEYS[1], 'bucket', 'current', 'previous')
local current, previous = 0, 0
if kept[1] then
  local last = tonumber(kept[1])
  if last > bucket then -- the clock was set back: time stands still until it is reached again
    bucket, elapsed = last, 0
  end
  if last == bucket then
    current, previous = tonumber(kept[2]), tonumber(kept[3])
  elseif last == bucket - 1 then
    previous = tonumber(kept[2])
  end
end

local room = limit * minute - previous * (minute - elapsed) - current * minute
local admitted, wait = 0, 0
if room >= minute then
  admitted, current, room = 1, current + 1, room - minute
  redis.call('HSET', KEYS[1], 'bucket', bucket, 'current', current, 'previous', previous)
  redis.call('PEXPIRE', KEYS[1], 120000)
elseif current < limit then -- the previous minute's weight will have gone down far enough
  wait = minute - math.floor((limit - 1 - current) * minute / previous) - elapsed
else -- only as the previous minute will the current one make room
  wait = minute - elapsed + minute - math.floor((limit - 1) * minute / current)
end
local epoch = tonumber(redis.call('GET', KEYS[2]) or 0)
return {admitted, math.max(0, math.floor(room / minute)), wait, minute - elapsed, epoch}
