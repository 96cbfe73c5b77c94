"""Tokens: none, foreign, forged, stale, of others, and on the wrong door."""
import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from world import AUDIENCE, b64url


def unsigned(world, header, claims, signature=b""):
    parts = ".".join(b64url(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, claims))
    return f"{parts}.{b64url(signature(parts.encode()) if callable(signature) else signature)}"


def forged(world):
    """Tokens that must mean nothing, by name."""
    now, key, foreign = int(time.time()), world.issuer_key, Ed25519PrivateKey.generate()
    claims = {"iss": "https://issuer.test", "sub": "agent-a", "aud": AUDIENCE, "exp": now + 900}
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = {"alg": "EdDSA", "kid": "k1", "typ": "JWT"}

    def mac(secret):
        return lambda data: hmac.new(secret, data, hashlib.sha256).digest()

    t = world.token
    yield "of a foreign issuer", t("agent-a", key=foreign, iss="https://evil.test")
    yield "of a foreign issuer, our key", t("agent-a", iss="https://evil.test")
    yield "issuer with a slash more", t("agent-a", iss="https://issuer.test/")
    yield "issuer in capitals", t("agent-a", iss="HTTPS://ISSUER.TEST")
    yield "issuer as a list", t("agent-a", iss=["https://issuer.test"])
    yield "no issuer", t("agent-a", iss=None)
    yield "foreign key, our kid", t("agent-a", key=foreign)
    yield "foreign key as jwk in the header", t("agent-a", key=foreign, header={"jwk": {
        "kty": "OKP", "crv": "Ed25519", "x": b64url(foreign.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}})
    yield "foreign key, jku", t("agent-a", key=foreign, header={"jku": "https://evil.test/jwks.json"})
    for kid in ("k2", "k1 EdDSA", "../jwks.json", "/dev/null", "k1' OR '1'='1", "", ["k1"]):
        yield f"kid {kid!r}, foreign key", t("agent-a", key=foreign, kid=kid)
    yield "no kid, foreign key", unsigned(world, {"alg": "EdDSA"}, claims, foreign.sign)
    yield "crit", t("agent-a", header={"crit": ["exp"], "exp": now + 9})
    yield "crit b64=false", t("agent-a", header={"crit": ["b64"], "b64": False})
    yield "alg none", unsigned(world, {"alg": "none", "kid": "k1"}, claims)
    yield "alg nOnE", unsigned(world, {"alg": "nOnE", "kid": "k1"}, claims)
    yield "alg absent", unsigned(world, {"kid": "k1"}, claims, key.sign)
    yield "alg eddsa in small letters", t("agent-a", header={"alg": "eddsa"})
    yield "alg ES256, not on the list", t("agent-a", header={"alg": "ES256"})
    yield "alg RS256, not on the list", t("agent-a", header={"alg": "RS256"})
    for what, secret in (("raw", public), ("PEM", pem), ("base64", b64url(public).encode()), ("empty", b"")):
        yield f"HS256 with the public key ({what})", unsigned(world, {"alg": "HS256", "kid": "k1"}, claims, mac(secret))
    yield "signature cut off", t("agent-a").rsplit(".", 1)[0] + "."
    yield "all-zero signature", t("agent-a").rsplit(".", 1)[0] + "." + b64url(bytes(64))
    yield "padding in base64", t("agent-a") + "=="
    yield "five parts", t("agent-a") + ".x.y"
    yield "claims swapped under a good signature", swapped(t("agent-c"), claims)
    yield "wrong audience", t("agent-a", aud="somebody-else")
    yield "absent audience", t("agent-a", aud=None)
    yield "audiences of others", t("agent-a", aud=["somebody-else", AUDIENCE + "2"])
    yield "audience nested", t("agent-a", aud=[[AUDIENCE]])
    yield "audience as object", t("agent-a", aud={AUDIENCE: True})
    yield "audience that begins the same", t("agent-a", aud=AUDIENCE + "\0")
    yield "expired", t("agent-a", exp=now - 1)
    yield "expired a day ago, issued in future", t("agent-a", exp=now - 86400, iat=now + 86400)
    yield "no expiry", t("agent-a", exp=None)
    yield "expiry as text", t("agent-a", exp=str(now + 900))
    yield "expiry beyond all dates", t("agent-a", exp=10**18)
    yield "expiry negative", t("agent-a", exp=-1)
    yield "not valid before tomorrow", t("agent-a", nbf=now + 86400)
    yield "not before as text", t("agent-a", nbf="yesterday")
    twice = json.dumps(claims)[:-1].encode()
    yield "subject given twice", unsigned(world, good, twice.replace(b'"agent-a"', b'"agent-x"', 1) + b',"sub":"agent-a"}', key.sign)
    yield "subject twice, once escaped", unsigned(
        world, good, twice.replace(b'"agent-a"', b'"agent-x"', 1) + b',"\\u0073ub":"agent-a"}', key.sign)
    yield "alg given twice", unsigned(world, b'{"alg":"none","alg":"EdDSA","kid":"k1"}', claims, key.sign)
    yield "claims with a byte order mark", unsigned(world, good, b"\xef\xbb\xbf" + json.dumps(claims).encode(), key.sign)
    yield "SPIFFE id of another trust domain", t("spiffe://evil.example/agent-a")
    yield "SPIFFE id of another trust domain, no issuer", t("spiffe://evil.example/agent-a", iss=None)
    yield "SPIFFE id of our domain, unregistered", t("spiffe://test.example/agent-a", iss=None)
    yield "unregistered", t("agent-x")
    yield "subject of another case", t("Agent-A")
    yield "subject with a space", t("agent-a ")
    yield "subject equivalent only after normalisation", t("agent-cafe\u0301")
    yield "a person as workload", t("dana.moe")
    yield "ownerless", t("agent-orphan")
    yield "owner left", t("agent-left")
    yield "workload expired", t("agent-old")
    yield "for an unknown person", t("user-mallory", act={"sub": "agent-a"})
    yield "for a person's id instead of their subject", t("dana.moe", act={"sub": "agent-a"})
    yield "actor unknown", t("user-dana", act={"sub": "agent-x"})
    yield "actor empty", t("user-dana", act={})
    yield "actor null", unsigned(world, good, {**claims, "act": None}, key.sign)
    yield "actor a list", t("user-dana", act=[{"sub": "agent-a"}])
    yield "itself the person", t("agent-a", act={"sub": "agent-a"})


def swapped(token, claims):
    header, _, signature = token.split(".")
    return f"{header}.{b64url(json.dumps({**claims, 'sub': 'agent-a'}).encode())}.{signature}"


def works(scene, token):
    """Whether the token opens any door of the agents' listener."""
    agent = scene.with_token(token)
    replies = [agent.tool("user.read", {"user": "milo.dahl"}), agent.api("user.set-title", {"user": "milo.dahl", "value": "Owned"})]
    return any(reply.status not in (401, 403) for reply in replies)


def tries(scene):
    world = scene.world
    for name, token in forged(world):
        yield f"token: {name}", lambda token=token: works(scene, token)
    plain = [("none", []), ("empty", [("Authorization", "Bearer ")]), ("basic", [("Authorization", "Basic " + base64.b64encode(b"agent-a:").decode())]),
             ("twice", [("Authorization", f"Bearer {scene.a.token}"), ("Authorization", "Bearer x")]),
             ("in a cookie", [("Cookie", f"Authorization=Bearer {scene.a.token}")])]
    for name, extra in plain:
        yield f"token: {name}", lambda extra=extra: scene.a.send(
            "POST", "/v1/systems/corp/operations/user.read", {"input": {"user": "milo.dahl"}}, extra, drop=("Authorization",)).status != 401
    yield "token in the address", lambda: scene.a.send(
        "GET", f"/v1/operations?access_token={scene.a.token}", drop=("Authorization",)).status != 401
    yield "acting for a person who may not delegate", lambda: scene.agent("user-dana", act={"sub": "agent-a"}).api(
        "user.set-title", {"user": "milo.dahl", "value": "Owned"}).done
    for path in ("changes", "locks", "checkpoints/requests", "changes/x/statement"):
        yield f"an agent's token on the people's listener: {path}", lambda path=path: scene.desk.call(
            "GET", path, bearer=scene.a.token).status != 401
    yield "a person's session on the agents' port", lambda: works(scene, scene.desk.session("dana.moe"))
    yield "a person's paths on the agents' port", lambda: scene.a.send("GET", "/people/v1/changes").status == 200
