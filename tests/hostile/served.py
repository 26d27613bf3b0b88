"""A server under attack: started with a configuration, watched for its memory, and asked by a client that means well."""

import http.client
import json
import pathlib
import re
import socket
import subprocess
import threading
import time

CONFIG = """listen = "127.0.0.1:0"
first_token = false
tokens = {tokens}
[stores]
main = {{ path = {store}, write = true, imports = {imports} }}
[limits]
{limits}
[intake]
upload_bytes = 67108864
[log]
level = "off"
{more}
"""


class Served:
    """One run of `lineal serve`. Ends with the block."""

    def __init__(self, program, folder, store, limits=(), more=""):
        self.program, self.folder = program, pathlib.Path(folder)
        (self.folder / "exports").mkdir(exist_ok=True)
        quoted = {name: json.dumps(str(path)) for name, path in
                  {"store": store, "tokens": self.folder / "tokens.json", "imports": self.folder / "exports"}.items()}
        lines = {"token_rate": 1e6, "token_burst": 1e6, "token_requests": 4096, **dict(limits)}
        self.config = self.folder / "server.toml"
        self.config.write_text(CONFIG.format(limits="\n".join(f"{k} = {v}" for k, v in lines.items()), more=more, **quoted))

    def token(self, role, *more):
        out = subprocess.run([self.program, "token", "create", "--config", self.config, "--role", role, "--name", "hostile",
                              *more], check=True, capture_output=True, text=True).stdout
        return re.search(r"lineal_[a-z2-7]{52}", out)[0]

    def __enter__(self):
        self.process = subprocess.Popen([self.program, "serve", "--config", self.config, "--until-eof"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"(\d+\.\d+\.\d+\.\d+):(\d+)", line)
        assert found, f"the server did not start: {line!r}"
        self.address = (found[1], int(found[2]))
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def connect(self, timeout=60):
        return socket.create_connection(self.address, timeout)

    def ask(self, method, path, token=None, body=None, headers=()):
        """Status and body of one request on a connection of its own."""
        connection = http.client.HTTPConnection(*self.address, timeout=90)
        headers = dict(headers)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if isinstance(body, (dict, list)):
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def metric(self, name, admin):
        status, text = self.ask("GET", "/metrics", admin)
        assert status == 200, text
        return float(re.search(rf"^{re.escape(name)} (\S+)$", text.decode(), re.M)[1])

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def peak_mib(self):
        """The most memory that it has held since it was last forgotten, in MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024

    def threads(self):
        return len(list(pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()))


class GoodClient:
    """Asks one short question after the other, each on a new connection, and notes how long each takes."""

    def __init__(self, served, token):
        self.served, self.token = served, token
        self.took, self.failed, self.over = [], [], threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.over.is_set():
            begun = time.perf_counter()
            try:
                status, text = self.served.ask("POST", "/v1/query", self.token, {"query": "find model limit 1"})
                if status != 200:
                    self.failed.append(f"{status} {text[:80]!r}")
            except OSError as error:
                self.failed.append(repr(error))
            self.took.append((time.perf_counter() - begun) * 1e3)
            self.over.wait(0.01)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def told(self):
        took = sorted(self.took) or [0.0]
        at = lambda share: took[min(len(took) - 1, int(len(took) * share))]
        return {"asked": len(self.took), "failed": len(self.failed), "p50": at(0.5), "p99": at(0.99), "most": took[-1]}
