"""Verifies every DKIM signature of messages with dkimpy; DNS is the second field. One line of JSON in, one out."""
import base64
import json
import sys

import dkim

for line in sys.stdin:
    job = json.loads(line)
    message = base64.b64decode(job['message'])
    records = {name: value.encode() for name, value in job['dns'].items()}
    verifier = dkim.DKIM(message)
    count = message.partition(b'\r\n\r\n')[0].lower().count(b'dkim-signature:')

    def lookup(name, timeout=5):
        return records.get(name.decode().rstrip('.'))

    results = []
    for index in range(count):
        try:
            results.append(bool(verifier.verify(idx=index, dnsfunc=lookup)))
        except dkim.DKIMException as error:
            results.append(str(error))
    print(json.dumps(results))
