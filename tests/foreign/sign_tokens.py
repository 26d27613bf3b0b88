"""Signs tokens as PyJWT does, with keys that `cryptography` makes: the set of public keys first, then a token a line."""

import json
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

issuer, audience = sys.argv[1:3]
large, small = rsa.generate_private_key(65537, 4096), rsa.generate_private_key(65537, 2048)
keys = {
    "RS256": small, "RS384": large, "RS512": small, "PS256": large, "PS384": small, "PS512": large,
    "ES256": ec.generate_private_key(ec.SECP256R1()), "ES384": ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
published = []
for name, key in keys.items():
    made = jwt.get_algorithm_by_name(name).to_jwk(key.public_key())
    published.append({**(json.loads(made) if isinstance(made, str) else made), "kid": name, "alg": name, "use": "sig"})
print(json.dumps({"keys": published}))
claims = {"iss": issuer, "aud": audience, "sub": "ada", "email": "ada@bank.example", "exp": int(time.time()) + 600, "realm_access": {"roles": ["ml"]}}
for name, key in keys.items():
    print(jwt.encode(claims, key, algorithm=name, headers={"kid": name}))
