-- Sends the bodies of a file one after the other, for wrk: `wrk -s ask.lua URL -- BODIES [TOKEN]`.
-- Each thread begins at another place of the file.
local threads = 0

function setup(thread)
   thread:set("start", threads)
   threads = threads + 1
end

function init(arguments)
   local headers = { ["Content-Type"] = "application/json" }
   if arguments[2] then
      headers["Authorization"] = "Bearer " .. arguments[2]
   end
   requests = {}
   for body in io.lines(arguments[1]) do
      requests[#requests + 1] = wrk.format("POST", nil, headers, body)
   end
   at = start * 7
end

function request()
   at = at + 1
   return requests[at % #requests + 1]
end
