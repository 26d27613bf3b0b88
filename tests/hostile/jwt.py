"""Tokens of an identity provider, made with whole numbers alone: nothing here is what checks them."""

import base64
import hashlib
import hmac
import json
import random
import time

ISSUER, AUDIENCE = "https://idp.example", "lineal"
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def prime(chance, bits):
    while True:
        number = chance.getrandbits(bits) | 1 | 3 << bits - 2
        if all(number % small for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31)) and all(
                pow(base, number - 1, number) == 1 for base in (2, 3, 5)):
            return number


class Provider:
    """A provider with one RSA key."""

    def __init__(self, seed):
        chance = random.Random(seed)
        p, q = prime(chance, 1024), prime(chance, 1024)
        self.modulus = p * q
        self.private = pow(65537, -1, (p - 1) * (q - 1))

    def bytes(self):
        return self.modulus.to_bytes(256, "big")

    def keys(self):
        return {"keys": [{"kid": "rsa", "kty": "RSA", "use": "sig", "e": "AQAB", "n": text(self.bytes())}]}

    def claims(self, **more):
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 600, "roles": ["ml"], **more}
        return {name: value for name, value in claims.items() if value is not None}

    def rsa(self, header, claims):
        message = f"{text(json.dumps(header).encode())}.{text(json.dumps(claims).encode())}"
        info = DIGEST_INFO + hashlib.sha256(message.encode()).digest()
        block = b"\0\1" + b"\xff" * (253 - len(info)) + b"\0" + info
        signed = pow(int.from_bytes(block, "big"), self.private, self.modulus).to_bytes(256, "big")
        return f"{message}.{text(signed)}"

    def confused(self):
        """Tokens that a careless server would take, each with what is wrong with it."""
        good = {"alg": "RS256", "kid": "rsa", "typ": "JWT"}
        now = int(time.time())
        claims = self.claims()
        for alg in ("none", "None", "NONE", "nOnE", ""):
            header = text(json.dumps({"alg": alg, "kid": "rsa"}).encode())
            for signature in ("", "AA", text(b"\0" * 256)):
                yield f"alg {alg!r}", f"{header}.{text(json.dumps(claims).encode())}.{signature}"
        pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(self.bytes()) + b"-----END PUBLIC KEY-----\n"
        for alg, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")):
            message = f"{text(json.dumps({'alg': alg, 'kid': 'rsa'}).encode())}.{text(json.dumps(claims).encode())}"
            for secret in (b"", self.bytes(), pem, json.dumps(self.keys()).encode(), text(self.bytes()).encode()):
                yield f"{alg} by the public key", f"{message}.{text(hmac.digest(secret, message.encode(), digest))}"
        for name, wrong in {
            "audience": {"aud": "other"}, "no audience": {"aud": None}, "issuer": {"iss": ISSUER + "/"}, "no issuer": {"iss": None},
            "expired": {"exp": now - 60}, "no end": {"exp": None}, "an end as text": {"exp": str(now + 600)},
            "an end as a list": {"exp": [now + 600]}, "ten years": {"exp": now + 315_360_000}, "not yet": {"nbf": now + 600},
            "begin as text": {"nbf": "0"}, "no subject": {"sub": None}, "no role": {"roles": []}, "a role as object": {"roles": {"ml": 1}},
            "all systems": {"roles": ["audit"], "systems": ["*"]}, "no systems": {"roles": ["audit"]},
        }.items():
            yield name, self.rsa(good, self.claims(**wrong))
        for name, header in {
            "a key of its own": {**good, "kid": "own", "jwk": self.keys()["keys"][0]},
            "a key at an address": {**good, "kid": "own", "jku": "http://127.0.0.1:1/keys"},
            "a path as key": {**good, "kid": "../../../../dev/null"}, "a key that is none": {**good, "kid": 7},
            "an extension": {**good, "crit": ["b64"], "b64": False}, "a logout token": {**good, "typ": "logout+jwt"},
            "another algorithm": {**good, "alg": "PS256"}, "a curve": {**good, "alg": "ES256"},
        }.items():
            yield name, self.rsa(header, claims)
        sound = self.rsa(good, claims)
        yield "of another provider", Provider(2).rsa(good, claims)
        yield "cut", sound[:-8]
        yield "twice", f"{sound}.{sound}"
        yield "padded", sound + "=="
        yield "too long", sound + "A" * 20_000
        for junk in ("", ".", "..", "...", "a.b.c", "e30.e30.", "lineal_" + "a" * 52, "lineal_", "null", "%2e%2e", "\u00e9" * 9):
            yield "junk", junk
