"""A mail server that judges SCRAM and channel binding, and of which no part that judges is ours: GNU SASL decides on the exchange,
GnuTLS says what the channel is. Both are called by ctypes, for neither has a Python package in Debian.

Usage: scram-plus-server.py CERTIFICATE KEY USER PASSWORD [GnuTLS priority]
Writes its port, then serves TLS at once to one client after the other. EHLO with the name "hidden" leaves the -PLUS variants out
of the answer, as somebody between would; with "decoy" it names another in their place. XBIND answers with the channel bindings in base64.
"""
import base64
import ctypes
import socket
import sys

gnutls = ctypes.CDLL("libgnutls.so.30")
gsasl = ctypes.CDLL("libgsasl.so.18")
gnutls.gnutls_record_recv.restype = gnutls.gnutls_record_send.restype = ctypes.c_ssize_t

SERVER, CREDENTIALS_CERTIFICATE, PEM = 1, 1, 1  # gnutls.h
END_POINT, EXPORTER = 1, 2  # gnutls_channel_binding_t
OK, NEEDS_MORE, NO_CALLBACK = 0, 1, 51  # gsasl.h
PASSWORD, CB_TLS_EXPORTER = 3, 25
MECHANISMS = ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"]


class Datum(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_uint)]


def check(result):
    if result < 0:
        raise OSError("gnutls: error %d" % result)
    return result


certificate, key, user, password = sys.argv[1:5]
priority = sys.argv[5] if len(sys.argv) > 5 else "NORMAL"
credentials, context = ctypes.c_void_p(), ctypes.c_void_p()
check(gnutls.gnutls_certificate_allocate_credentials(ctypes.byref(credentials)))
check(gnutls.gnutls_certificate_set_x509_key_file(credentials, certificate.encode(), key.encode(), PEM))
assert gsasl.gsasl_init(ctypes.byref(context)) == OK


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
def ask(_, sasl, wanted):
    if wanted != PASSWORD:
        return NO_CALLBACK
    gsasl.gsasl_property_set(ctypes.c_void_p(sasl), PASSWORD, password.encode())
    return OK


gsasl.gsasl_callback_set(context, ask)


class Client:
    def __init__(self, connection):
        self.session, self.buffer = ctypes.c_void_p(), b""
        check(gnutls.gnutls_init(ctypes.byref(self.session), SERVER))
        check(gnutls.gnutls_priority_set_direct(self.session, priority.encode(), None))
        check(gnutls.gnutls_credentials_set(self.session, CREDENTIALS_CERTIFICATE, credentials))
        gnutls.gnutls_transport_set_int2(self.session, connection.fileno(), connection.fileno())
        check(gnutls.gnutls_handshake(self.session))

    def binding(self, kind):
        datum = Datum()
        if gnutls.gnutls_session_channel_binding(self.session, kind, ctypes.byref(datum)) < 0:
            return "none"
        return base64.b64encode(ctypes.string_at(datum.data, datum.size)).decode()

    def read(self):
        while b"\r\n" not in self.buffer:
            block = ctypes.create_string_buffer(4096)
            count = check(gnutls.gnutls_record_recv(self.session, block, 4096))
            if count == 0:
                raise OSError("closed")
            self.buffer += block.raw[:count]
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode()

    def write(self, text):
        data = text.encode() + b"\r\n"
        check(gnutls.gnutls_record_send(self.session, data, len(data)))

    def authenticate(self, mechanism, response):
        sasl = ctypes.c_void_p()
        if mechanism not in MECHANISMS or gsasl.gsasl_server_start(context, mechanism.encode(), ctypes.byref(sasl)) != OK:
            return self.write("504 5.5.4 No such mechanism")
        exporter = self.binding(EXPORTER)
        if exporter != "none":
            gsasl.gsasl_property_set(sasl, CB_TLS_EXPORTER, exporter.encode())
        state = NEEDS_MORE
        while state == NEEDS_MORE and response != "*":
            output = ctypes.c_char_p()
            state = gsasl.gsasl_step64(sasl, response.encode(), ctypes.byref(output))
            challenge = output.value.decode() if output.value else ""
            if state == NEEDS_MORE or (state == OK and challenge):
                self.write("334 " + challenge)
                response = self.read()
        gsasl.gsasl_finish(sasl)
        self.write("235 2.7.0 Yes" if state == OK else "535 5.7.8 GNU SASL says %d" % state)

    def serve(self):
        self.write("220 localhost ready")
        while True:
            verb, _, rest = self.read().partition(" ")
            verb = verb.upper()
            if verb == "EHLO":
                shown = [name for name in MECHANISMS if rest not in ("hidden", "decoy") or "PLUS" not in name]
                shown += ["SCRAM-SHA-X-PLUS"] if rest == "decoy" else []
                self.write("250-localhost\r\n250 AUTH " + " ".join(shown))
            elif verb == "AUTH":
                self.authenticate(*(rest.split(" ") + [""])[:2])
            elif verb == "XBIND":
                self.write("250 %s %s" % (self.binding(EXPORTER), self.binding(END_POINT)))
            elif verb == "QUIT":
                return self.write("221 Bye")
            else:
                self.write("250 OK")


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    peer, _ = listener.accept()
    try:
        with peer:
            Client(peer).serve()
    except OSError as error:
        print(error, file=sys.stderr, flush=True)
