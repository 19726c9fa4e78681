"""Reads messages, one base64 line each, with Python's email package; writes what it makes of each as a line of JSON."""
import base64
import email
import email.policy
import json
import sys


def part_of(part):
    out = {
        'type': part.get_content_type(),
        'filename': part.get_filename(),
        'cid': part['Content-ID'],
        'description': part['Content-Description'],
        'disposition': part.get_content_disposition(),
        'defects': [repr(defect) for defect in part.defects],
    }
    if part.is_multipart() and part.get_content_maintype() != 'message':
        out['parts'] = [part_of(child) for child in part.iter_parts()]
    elif part.get_content_maintype() == 'message':
        out['content'] = base64.b64encode(part.get_payload(0).as_bytes()).decode()
    else:
        payload = part.get_payload(decode=True)
        out['content'] = base64.b64encode(payload).decode()
        if part.get_content_maintype() == 'text':
            out['text'] = payload.decode(part.get_content_charset() or 'ascii', errors='replace')
    return out


for line in sys.stdin:
    raw = base64.b64decode(line)
    if raw.partition(b'\r\n\r\n')[0].isascii():
        message = email.message_from_bytes(raw, policy=email.policy.SMTP)
    else:
        # RFC 6532: header fields in UTF-8, which the bytes parser takes for octets of no known charset.
        message = email.message_from_string(raw.decode(), policy=email.policy.SMTPUTF8)
    result = part_of(message)
    result['headers'] = {}
    result['addresses'] = {}
    for name, value in message.items():
        result['headers'].setdefault(name, []).append(str(value))
        result['defects'] += [repr(defect) for defect in value.defects]
        if hasattr(value, 'addresses'):
            result['addresses'][name] = [[a.display_name, a.username, a.domain] for a in value.addresses]
    print(json.dumps(result))
