"""Double-entry ledger."""
from http.server import BaseHTTPRequestHandler, HTTPServer


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ledger-api\n")


if __name__ == "__main__":
    HTTPServer(("", 8080), Answer).serve_forever()
