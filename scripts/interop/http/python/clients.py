"""Authlib and requests-oauthlib against one server; prints a JSON report for each library, one a line."""

import json
import os
from importlib.metadata import version

import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oauth2.rfc8414 import get_well_known_url
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

SERVER = json.loads(os.environ["INTEROP"])
CLIENT, ASKER = SERVER["client"], SERVER["introspector"]


def discover():
    """Where the endpoints are; the URL of the document is Authlib's work."""
    answer = requests.get(get_well_known_url(SERVER["issuer"], external=True, suffix="oauth-authorization-server"), timeout=5)
    answer.raise_for_status()
    return answer.json()


def authlib():
    document = discover()
    for method in ("client_secret_basic", "client_secret_post"):
        own = AuthlibSession(CLIENT["id"], CLIENT["secret"], token_endpoint_auth_method=method, scope=SERVER["scope"])
        asker = AuthlibSession(ASKER["id"], ASKER["secret"], token_endpoint_auth_method=method)
        token = own.fetch_token(document["token_endpoint"], grant_type="client_credentials")

        def introspect():
            endpoint = document["introspection_endpoint"]
            return asker.introspect_token(endpoint, token=token["access_token"], token_type_hint="access_token").json()

        assert introspect()["active"] is True
        own.revoke_token(document["revocation_endpoint"], token=token["access_token"]).raise_for_status()
        assert introspect() == {"active": False}
    return {"discovery": "library", "introspect": "library", "revoke": "library"}


def requests_oauthlib():
    document = discover()
    for in_body in (False, True):
        client = BackendApplicationClient(client_id=CLIENT["id"], scope=[SERVER["scope"]])
        session = OAuth2Session(client=client)
        how = (
            {"include_client_id": True, "client_secret": CLIENT["secret"]}
            if in_body
            else {"auth": HTTPBasicAuth(CLIENT["id"], CLIENT["secret"])}
        )
        token = session.fetch_token(document["token_endpoint"], **how)
        assert token["scope"] == [SERVER["scope"]]

        def introspect():
            answer = requests.post(
                document["introspection_endpoint"],
                auth=HTTPBasicAuth(ASKER["id"], ASKER["secret"]),
                data={"token": token["access_token"]},
                timeout=5,
            )
            return answer.json()

        assert introspect()["active"] is True
        url, headers, body = client.prepare_token_revocation_request(
            document["revocation_endpoint"], token["access_token"]
        )
        auth = HTTPBasicAuth(CLIENT["id"], CLIENT["secret"])
        requests.post(url, headers=headers, data=body, auth=auth, timeout=5).raise_for_status()
        assert introspect() == {"active": False}
    return {"discovery": "by hand", "introspect": "by hand", "revoke": "library"}


for name, package, run in (
    ("Authlib", "Authlib", authlib),
    ("requests-oauthlib", "requests-oauthlib", requests_oauthlib),
):
    print(json.dumps({"client": name, "version": version(package), "language": "Python", **run()}))
