"""Checks with pyseto what Countersign made, and makes the same things for it. Material on stdin, report on stdout."""

import base64
import json
import sys
from importlib.metadata import version

import pyseto
from pyseto import Key


def bytes_of(paserk: str) -> bytes:
    text = paserk.rsplit(".", 1)[1]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def same(what: str, theirs: str, ours: str) -> None:
    if theirs != ours:
        sys.exit(f"{what}: pyseto has {theirs}, Countersign {ours}")


material = json.load(sys.stdin)
master = bytes_of(material["masterKey"])
same("k4.lid of the master key", Key.from_paserk(material["masterKey"]).to_paserk_id(), material["masterKeyId"])

for one in material["tokens"]:
    opened = pyseto.decode(Key.from_paserk(one["public"]), one["token"])
    same("payload", opened.payload.decode(), one["payload"])
    same("footer", opened.footer.decode(), one["footer"])
for one in material["forged"]:
    try:
        pyseto.decode(Key.from_paserk(one["public"]), one["token"])
    except pyseto.VerifyError:
        continue
    sys.exit("a forged token passed")

for one in material["secrets"]:
    same("k4.pid", Key.from_paserk(one["public"]).to_paserk_id(), one["pid"])
    unwrapped = Key.from_paserk(one["wrapped"], wrapping_key=master)
    same("k4.secret", unwrapped.to_paserk(), one["secret"])
    same("k4.sid", unwrapped.to_paserk_id(), one["sid"])
    same("k4.pid of the secret half", unwrapped.to_peer_paserk_id(), one["pid"])
for one in material["locals"]:
    unwrapped = Key.from_paserk(one["wrapped"], wrapping_key=master)
    same("k4.local", unwrapped.to_paserk(), one["local"])
    same("k4.lid", unwrapped.to_paserk_id(), one["lid"])

secret = Key.from_paserk(material["fresh"]["secret"])
local = Key.from_paserk(material["fresh"]["local"])
pid = secret.to_peer_paserk_id()
made = {
    "secret": secret.to_paserk(),
    "pid": pid,
    "sid": secret.to_paserk_id(),
    "token": pyseto.encode(secret, material["fresh"]["payload"], footer=f'{{"kid":"{pid}"}}').decode(),
    "secretWrapped": secret.to_paserk(wrapping_key=master),
    "local": local.to_paserk(),
    "lid": local.to_paserk_id(),
    "localWrapped": local.to_paserk(wrapping_key=master),
}
print(json.dumps({"library": "pyseto", "version": version("pyseto"), "language": "Python", "made": made}))
