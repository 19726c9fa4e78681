"""Accepts one GSS-API context by MIT's library: a token a line in base64, and then one round of SASL's layers (RFC 4752).

Its argument is the channel binding's application data in hexadecimal. Prints each token, and at the end what was agreed, as JSON.
"""
import base64
import json
import sys

import gssapi
from gssapi.raw import ChannelBindings

context = gssapi.SecurityContext(
    usage='accept',
    creds=gssapi.Credentials(usage='accept'),
    channel_bindings=ChannelBindings(application_data=bytes.fromhex(sys.argv[1])),
)


def say(token):
    print(base64.b64encode(token or b'').decode(), flush=True)


def hear():
    return base64.b64decode(sys.stdin.readline())


try:
    say(context.step(hear()))
    hear()
    say(context.wrap(bytes([1, 0, 0, 0]), False).message)
    answer = context.unwrap(hear())
    print(json.dumps({
        'client': str(context.initiator_name),
        'flags': int(context.actual_flags),
        'encrypted': bool(answer.encrypted),
        'answer': answer.message.hex(),
    }), flush=True)
except gssapi.exceptions.GSSError as error:
    print(json.dumps({'error': str(error)}), flush=True)
