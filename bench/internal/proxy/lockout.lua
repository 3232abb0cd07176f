-- Counts 401s by address and answers 429, as well as Lua can: each worker counts
-- alone, request headers cannot be seen in the response phase without paying for
-- metadata, so every 401 counts, and the table grows with the addresses.
-- The line before this one sets the limit.
local window = 3600
local clients = {}

local function address(handle)
  return string.match(handle:streamInfo():downstreamRemoteAddress(), "^(.*):%d+$")
end

function envoy_on_request(handle)
  local path = handle:headers():get(":path")
  if string.sub(path, 1, 7) ~= "/api/v1" then return end
  local client = clients[address(handle)]
  if client == nil or client.failures < limit then return end
  local left = client.ends - os.time()
  if left <= 0 then
    clients[address(handle)] = nil
    return
  end
  handle:respond({
    [":status"] = "429", ["retry-after"] = tostring(left), ["cache-control"] = "no-store",
    ["content-type"] = "application/problem+json",
  }, '{"type":"about:blank","title":"Too Many Requests","status":429}')
end

function envoy_on_response(handle)
  if handle:headers():get(":status") ~= "401" then return end
  local name, now = address(handle), os.time()
  local client = clients[name]
  if client == nil or now >= client.ends then
    clients[name] = {failures = 1, ends = now + window}
  else
    client.failures = client.failures + 1
  end
end
