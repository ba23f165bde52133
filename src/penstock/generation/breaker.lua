-- The circuit breaker that all processes share: one event, one row of the table in BEHAVIOUR.md §3.
-- KEYS[1] the breaker of one model, a hash without an end (a missing one is closed and has seen nothing)
-- ARGV[1] permit, report or look; ARGV[2] microseconds since 1970, or 0 for the server's own clock
-- ARGV[3] failures that open it, ARGV[4] within how long, ARGV[5] how long it stays open, ARGV[6] how long a probe
-- may take, ARGV[7] successes that close it; all times in microseconds
-- ARGV[8] the id of the probe: for permit the one to give, for report the one reported, empty for none
-- ARGV[9] for report: the epoch of the permit, ARGV[10] success, failure or neutral
-- Gives: the decision, the state before, now, wait, 1 for a late result, 1 for a probe given up, and what is kept.
-- generation/breaker_rules.py is the twin of this file; a test compares both with a third.
local CLOSED, OPEN, HALF_OPEN = 0, 1, 2
local op, now = ARGV[1], tonumber(ARGV[2])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local most, window, open_for = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local lease_for, enough, named = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]

local kept = redis.call('HMGET', KEYS[1], 'state', 'epoch', 'failures', 'until', 'successes', 'probe', 'lease')
local state, epoch, failures = tonumber(kept[1] or 0), tonumber(kept[2] or 0), kept[3] or ''
local wake, successes = tonumber(kept[4] or 0), tonumber(kept[5] or 0)
local probe, lease = kept[6] or '', tonumber(kept[7] or 0)
local before, decision, wait, late, expired, changed = state, 'none', 0, 0, 0, false

local function become(next_state, next_wake)
  state, epoch, wake, changed = next_state, epoch + 1, next_wake, true
  failures, successes, probe, lease = '', 0, '', 0
end

local function give_probe()
  decision, probe, lease, changed = 'probe', named, now + lease_for, true
end

local function deny(past)
  decision, wait = 'deny', past - now
end

local function permit()
  if state == CLOSED then
    decision = 'allow'
  elseif state == OPEN then
    if wake > now + open_for then -- the clock was set back: that must not lengthen the wait
      wake, changed = now + open_for, true
    end
    if now < wake then
      deny(wake)
    else
      become(HALF_OPEN, 0)
      give_probe()
    end
  else
    if probe ~= '' and lease > now + lease_for then
      lease, changed = now + lease_for, true
    end
    if probe ~= '' and now < lease then
      deny(lease)
    else
      expired = probe ~= '' and 1 or 0
      give_probe()
    end
  end
end

local function counts()
  if tonumber(ARGV[9]) ~= epoch or named ~= probe or state == OPEN then
    return false
  end
  return state == CLOSED or (probe ~= '' and now < lease)
end

local function fail_closed()
  local live, count = {}, 0
  for text in string.gmatch(failures, '%d+') do
    local moment = math.min(tonumber(text), now) -- in the future when the clock was set back
    if now - moment < window then
      count = count + 1
      live[count] = string.format('%.0f', moment)
    end
  end
  live[count + 1] = string.format('%.0f', now)
  if count + 1 >= most then
    become(OPEN, now + open_for)
  else
    failures, changed = table.concat(live, ' '), true
  end
end

local function report(outcome)
  if not counts() then
    late = outcome ~= 'neutral' and 1 or 0
  elseif state == CLOSED then
    if outcome == 'failure' then
      fail_closed()
    elseif outcome == 'success' and failures ~= '' then
      failures, changed = '', true
    end
  elseif outcome == 'failure' then
    become(OPEN, now + open_for)
  else
    probe, lease, changed = '', 0, true
    if outcome == 'success' then
      successes = successes + 1
      if successes >= enough then
        become(CLOSED, 0)
      end
    end
  end
end

if op == 'permit' then
  permit()
elseif op == 'report' then
  report(ARGV[10])
end
if changed then
  redis.call('HSET', KEYS[1], 'state', state, 'epoch', epoch, 'failures', failures, 'until', wake,
    'successes', successes, 'probe', probe, 'lease', lease)
end
return {decision, before, now, wait, late, expired, state, epoch, failures, wake, successes, probe, lease}
