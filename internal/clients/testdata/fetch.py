"""Prints the page at http://HOST/ through a SOCKS proxy, with PySocks."""
import sys

import socks

version, address, port, host = sys.argv[1:5]
user, password = sys.argv[5:7] if len(sys.argv) > 5 else (None, None)
kind = {"4": socks.SOCKS4, "5": socks.SOCKS5}[version]

with socks.socksocket() as s:
    s.set_proxy(kind, address, int(port), rdns=True, username=user, password=password)
    s.connect((host, 80))
    s.sendall(b"GET / HTTP/1.0\r\nHost: " + host.encode() + b"\r\n\r\n")
    answer = b""
    while part := s.recv(65536):
        answer += part
sys.stdout.write(answer.partition(b"\r\n\r\n")[2].decode())
