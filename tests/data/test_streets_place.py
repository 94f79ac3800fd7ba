"""Streets of a place by name: offline for real, and against a small server of our own."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import osmnx as ox
import pytest
from pyproj import Geod

from quarterhour.data import streets_download
from quarterhour.data.faults import FaultLog
from quarterhour.data.streets_place import download_place

PLACE = "小城, 北京"
SQUARE = [[116.39, 39.89], [116.42, 39.89], [116.42, 39.92], [116.39, 39.92], [116.39, 39.89]]
NODES = {1: (116.4, 39.9), 2: (116.401, 39.9), 3: (116.402, 39.9), 4: (116.402, 39.901)}
SIGNAL = {"highway": "traffic_signals"}


def overpass(ways):
    nodes = [{"type": "node", "id": i, "lon": x, "lat": y} for i, (x, y) in NODES.items()]
    nodes[1]["tags"] = SIGNAL
    numbered = enumerate(ways)
    return {
        "elements": nodes
        + [{"type": "way", "id": 7 + i, "nodes": n, "tags": t} for i, (n, t) in numbered]
    }


WAYS = [([1, 2, 3], {"highway": "residential", "name": "主街"}), ([3, 4], {"highway": "footway"})]


class Server(BaseHTTPRequestHandler):
    """Answers as Nominatim and Overpass do."""

    ways = WAYS
    known = True

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        self.asked.append(self.path)
        if self.path.startswith("/api/status"):
            self.answer("a\nb\nc\nd\n2 slots available now.\n")
        else:
            shape = {"type": "Polygon", "coordinates": [SQUARE]}
            found = [{
                "geojson": shape, "boundingbox": ["39.89", "39.92", "116.39", "116.42"],
                "lat": "39.9", "lon": "116.4", "importance": 0.1, "display_name": PLACE,
            }]  # fmt: skip
            self.answer(json.dumps(found if self.known else []))

    def do_POST(self):
        self.asked.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(json.dumps(overpass(self.ways)))

    def answer(self, text):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture
def server(monkeypatch):
    handler = type("Handler", (Server,), {"asked": []})
    web = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{web.server_port}"
    monkeypatch.setattr(ox.settings, "nominatim_url", address + "/")
    monkeypatch.setattr(ox.settings, "overpass_url", address + "/api")
    yield handler
    web.shutdown()
    web.server_close()


def only_fault(log):
    [fault] = log.entries
    for language in ("en", "zh"):
        assert "{" not in fault.line(language)
        assert PLACE in fault.line(language)
    return fault


def settings():
    return {name: repr(value) for name, value in vars(ox.settings).items()}


def test_a_place_is_downloaded_once(server, tmp_path):
    before, lookup = settings(), socket.getaddrinfo
    log = FaultLog()
    streets = download_place(PLACE, cache_dir=tmp_path / "new", log=log)
    assert not log.entries
    assert sorted(streets.node_id) == ["1", "2", "3", "4"]
    assert streets.node_id[streets.node_signal].tolist() == ["2"]
    expected = Geod(ellps="WGS84").line_length(*zip(*NODES.values(), strict=True))
    assert streets.edge_length.sum() == pytest.approx(expected)
    assert (streets.source.kind, set(streets.edge_name)) == ("place", {"主街", ""})
    assert settings() == before
    assert socket.getaddrinfo is lookup
    asked = len(server.asked)
    again = download_place(PLACE, cache_dir=tmp_path / "new", log=log)
    assert len(server.asked) == asked > 0
    assert again.source == streets.source


def test_tags_that_walking_rules_need_are_kept(server, tmp_path):
    paved = ([2, 4], {"highway": "trunk", "sidewalk": "both"})
    server.ways = [*WAYS, paved, ([1, 4], {"highway": "trunk"})]
    log = FaultLog()
    streets = download_place(PLACE, cache_dir=tmp_path, log=log)
    assert sorted(streets.edge_class) == ["footway", "residential", "residential", "trunk"]
    assert [w.code for w in log.entries] == ["streets_left_out"]


def test_an_unknown_place(server, tmp_path):
    server.known = False
    log = FaultLog()
    assert download_place(PLACE, cache_dir=tmp_path, log=log) is None
    assert only_fault(log).code == "streets_place"
    assert not list(tmp_path.glob("*.graphml"))


def test_a_place_without_streets(server, tmp_path):
    server.ways = []
    log = FaultLog()
    assert download_place(PLACE, cache_dir=tmp_path, log=log) is None
    assert only_fault(log).code == "streets_place"
    assert not list(tmp_path.glob("place-*"))


def test_no_connection_is_one_clear_fault_at_once(monkeypatch, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(ox.settings, "nominatim_url", f"http://127.0.0.1:{port}/")
    log, began = FaultLog(), time.monotonic()
    assert download_place(PLACE, cache_dir=tmp_path, log=log) is None
    fault = only_fault(log)
    assert fault.code == "streets_offline"
    assert ".osm.pbf" in fault.remedy("zh")
    assert time.monotonic() - began < 3
    assert not list(tmp_path.iterdir())


def test_a_server_that_never_answers_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr(streets_download, "PROBE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setattr(ox.settings, "nominatim_url", f"http://127.0.0.1:{port}/")
        log = FaultLog()
        assert download_place(PLACE, cache_dir=tmp_path, log=log) is None
    assert only_fault(log).code == "streets_offline"


def test_a_name_that_cannot_be_resolved(monkeypatch, tmp_path):
    monkeypatch.setattr(ox.settings, "nominatim_url", "http://no-such-host.invalid/")
    log = FaultLog()
    assert download_place(PLACE, cache_dir=tmp_path, log=log) is None
    assert only_fault(log).code == "streets_offline"
