-- SPDX-License-Identifier: Apache-2.0
-- HS256 in LuaJIT, the HMAC by OpenSSL.
local ffi = require("ffi")
ffi.cdef [[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *md, const void *key, int key_len, const unsigned char *data,
                    size_t size, unsigned char *out, unsigned int *out_size);
int CRYPTO_memcmp(const void *a, const void *b, size_t size);
]]
local json = require("cjson.safe")
local decode = require("ngx.base64").decode_base64url
local C = ffi.C
local key, sha256
local mac = ffi.new("unsigned char[32]")
local body = string.rep("x", 256)
local M = {}

function M.start(path)
    local file = assert(io.open(path, "r"))
    key = file:read("*l")
    file:close()
    sha256 = C.EVP_sha256()
end

local function is_good()
    local field = ngx.var.http_authorization
    if not field or field:sub(1, 7) ~= "Bearer " then return false end
    local head, payload, signature = field:match("^Bearer ([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
    if not head then return false end
    local given = decode(signature)
    local signed = head .. "." .. payload
    C.HMAC(sha256, key, #key, signed, #signed, mac, nil)
    if not given or #given ~= 32 or C.CRYPTO_memcmp(mac, given, 32) ~= 0 then return false end
    local header = json.decode(decode(head) or "")
    local claims = json.decode(decode(payload) or "")
    local now = ngx.time()
    return header and claims and header.alg == "HS256" and claims.exp > now and claims.nbf <= now and
        claims.iss == "bench-issuer" and claims.aud == "bench-audience"
end

function M.answer()
    if not is_good() then return ngx.exit(401) end
    ngx.header.content_length = #body
    ngx.print(body)
end

return M
