"""Countersign from Python: issues a token, verifies it offline, revokes it, and hears of that on the feed.

Started by ../main.ts, which generates the stubs and sets the environment.
"""

import base64
import hashlib
import json
import os
import platform
import sys
from importlib.metadata import version

import grpc
import pyseto
from pyseto import Key, Paseto

from countersign.v1 import token_service_pb2 as pb
from countersign.v1.token_service_pb2_grpc import TokenServiceStub


def main():
    with grpc.insecure_channel(os.environ["ADDRESS"]) as channel:
        run(TokenServiceStub(channel))
    print(
        json.dumps(
            {
                "language": f"Python {platform.python_version()}",
                "grpc": f"grpcio {version('grpcio')}",
                "paseto": f"pyseto {version('pyseto')}",
            }
        )
    )


def run(tokens):
    verifier = basic("VERIFIER")
    issued = tokens.IssueToken(
        pb.IssueTokenRequest(client_id=os.environ["CALLER_ID"], client_secret=os.environ["CALLER_SECRET"])
    )
    say("issued", issued.token_type == "Bearer" and len(issued.scopes) == 1)

    published = tokens.ListVerificationKeys(pb.ListVerificationKeysRequest()).keys
    key = key_of(issued.access_token, published)
    say("k4.pid is the id of its key", key.key_id == key_id(key.public_key))
    say("k4.pid by pyseto", key.key_id == Key.from_paserk(key.public_key).to_paserk_id())
    claims = verify(issued.access_token, key.public_key)
    say("verified", claims["sub"] == os.environ["CALLER_ID"] and claims["iss"] == os.environ["ISSUER"])
    say("a forged one is refused", refuses(forge(issued.access_token), key.public_key))

    feed = tokens.WatchRevocations(pb.WatchRevocationsRequest(), metadata=verifier)
    parts = 0
    for message in feed:
        if message.WhichOneof("event") == "snapshot":
            parts += 1
            say("part of the snapshot", message.snapshot.part_number == parts and message.snapshot.first == (parts == 1))
        elif message.WhichOneof("event") == "heartbeat":
            break

    question = pb.IntrospectTokenRequest(token=issued.access_token)
    say("active", tokens.IntrospectToken(question, metadata=verifier).active)
    tokens.RevokeToken(pb.RevokeTokenRequest(token=issued.access_token), metadata=basic("CALLER"))
    say("inactive once revoked", not tokens.IntrospectToken(question, metadata=verifier).active)
    say("heard of on the feed", any(message.change.token.token_id == issued.token_id for message in feed))
    feed.cancel()


def verify(token, paserk):
    """The claims, once pyseto has checked signature, form, times and audience."""
    paseto = Paseto.new(leeway=5)
    return paseto.decode(Key.from_paserk(paserk), token, deserializer=json, aud=os.environ["AUDIENCE"]).payload


def refuses(token, paserk):
    try:
        verify(token, paserk)
        return False
    except (pyseto.DecryptError, pyseto.VerifyError, ValueError):
        return True


def forge(token):
    return token[:40] + ("B" if token[40] == "A" else "A") + token[41:]


def key_of(token, keys):
    """The published key that the token's footer names."""
    footer = json.loads(unpadded(token.rsplit(".", 1)[1]))
    return next(key for key in keys if key.key_id == footer["kid"])


def key_id(paserk):
    """The PASERK id of a public key: BLAKE2b-264 over the header and the key's own PASERK."""
    digest = hashlib.blake2b(("k4.pid." + paserk).encode(), digest_size=33).digest()
    return "k4.pid." + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def basic(who):
    pair = f"{os.environ[who + '_ID']}:{os.environ[who + '_SECRET']}"
    return (("authorization", "Basic " + base64.b64encode(pair.encode()).decode()),)


def say(check, ok):
    print(json.dumps({"check": check, "ok": ok}), flush=True)
    if not ok:
        sys.exit(1)


main()
