#!/usr/bin/env python3
"""Checks an archive package of a joint review: python3 verify_package.py PATH [--receipt FILE] [--key HEX-OR-FILE]

A second implementation, written from docs/protocol/recording.md alone and with nothing but Python's standard library, so
that nobody has to believe the program that made the package. Exit 0: whole and authentic; 1: the first place that is not;
2: PATH is absent or cannot be read. Section numbers below are those of that page.
"""

import argparse
import hashlib
import json
import os
import re
import stat
import struct
import sys

HEX = {size: re.compile(r"[0-9a-f]{%d}" % (2 * size)) for size in (8, 32, 64)}
FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
SEGMENT_ID = re.compile(r"([0-9]{4}|[1-9][0-9]{4,})-[0-9a-f]{8}")
TAG_FILES = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt"]
KNOWN_FILES = re.compile(
    r"bagit\.txt|bag-info\.txt|(tag)?manifest-sha256\.txt|signatures/package\.json"
    r"|data/(journal|checkpoints)\.jsonl|data/(session|keys)\.json|data/VERIFY\.txt"
    r"|data/recording/[^/]+\.pcapng|data/media/[^/]+\.mp4|data/media/tracks\.json"
    r"|data/stills/[^/]+\.(jpg|png)|data/documents/(decision|decision-([2-9]|[1-9][0-9]+)|record)\.(pdf|json)"
    r"|data/receipts/[1-9][0-9]*\.(json|pdf)"
)
REQUIRED = TAG_FILES + ["tagmanifest-sha256.txt", "signatures/package.json"] + [
    "data/" + name for name in ("journal.jsonl", "checkpoints.jsonl", "session.json", "keys.json", "VERIFY.txt")
]


class Fault(Exception):
    """The first place that is not as it must be."""

    def __init__(self, place, what):
        super().__init__(f"{place}: {what}")


def need(condition, place, what):
    if not condition:
        raise Fault(place, what)


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


# --- Ed25519, RFC 8032 section 5.1.7, strictly ------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def add(a, b):
    """Extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    w, x, y, z = f - e, d - c, d + c, f + e
    return (w * x % P, y * z % P, x * y % P, w * z % P)


def multiply(scalar, point):
    total = NEUTRAL
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def is_neutral(point):
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0


def decode_point(data):
    """None where the bytes are no point in its one spelling."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P != 0:
        x = x * ROOT_OF_MINUS_ONE % P
        if (v * x * x - u) % P != 0:
            return None
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def encode_point(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(public, message, signature):
    a, r = decode_point(public), decode_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    if is_neutral(multiply(8, a)) or is_neutral(multiply(8, r)):
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    minus_a = (P - a[0], a[1], 1, P - a[3])
    return encode_point(add(multiply(s, BASE), multiply(h, minus_a))) == signature[:32]


# --- Canonical JSON, RFC 8785 -----------------------------------------------------------------------------------------

ESCAPES = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
ESCAPES = {code: ESCAPES.get(code, f"\\u{code:04x}") for code in (*range(32), 34, 92)}


def number_text(value):
    """As ECMAScript writes a double."""
    if isinstance(value, int) and abs(value) <= 2**53:
        return str(value)
    value = float(value)
    if value == 0:
        return "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    if -6 < point <= 0:
        text = "0." + "0" * -point + digits
    elif 0 < point <= 21:
        text = digits.ljust(point, "0")[:point] + ("." + digits[point:] if len(digits) > point else "")
    else:
        sign = "+" if point > 0 else "-"
        text = digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + f"e{sign}{abs(point - 1)}"
    return ("-" if value < 0 else "") + text


def canonical(value):
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, str):
        return '"' + value.translate(ESCAPES) + '"'
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"


def unique_keys(pairs):
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice")
    return value


def no_such_number(name):
    raise ValueError(f"{name} is no JSON")


def parse(data, place):
    """The value of JSON that is spelled in the one canonical way."""
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=unique_keys, parse_constant=no_such_number)
        same = canonical(value).encode("utf-8") == data
    except (ValueError, RecursionError, OverflowError) as error:
        raise Fault(place, f"not JSON: {error}") from None
    need(same, place, "not canonical JSON (RFC 8785)")
    return value


def parse_lines(data, place):
    if not data:
        return []
    need(data.endswith(b"\n"), place, "the last line is not ended")
    return [parse(line, f"{place}:{n}") for n, line in enumerate(data[:-1].split(b"\n"), 1)]


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2**63


def keys_are(value, keys, place, optional=()):
    need(isinstance(value, dict), place, "not an object")
    need(set(keys) <= set(value) <= set(keys) | set(optional), place, f"keys are not {', '.join(sorted(keys))}")


def unhex(value, size, place):
    need(isinstance(value, str) and HEX[size].fullmatch(value), place, f"not {size} bytes in lower-case hex")
    return bytes.fromhex(value)


# --- 5. The bag -------------------------------------------------------------------------------------------------------


class Package:
    def __init__(self, root):
        self.root = root
        self.files = self.list_files()
        for path in REQUIRED:
            need(path in self.files, path, "is missing")

    def list_files(self):
        found = set()

        def walk(prefix):
            with os.scandir(os.path.join(self.root, prefix)) as entries:
                entries = sorted(entries, key=lambda entry: entry.name)
            need(entries, prefix or ".", "an empty directory")
            for entry in entries:
                path = f"{prefix}{entry.name}"
                mode = entry.stat(follow_symlinks=False).st_mode
                need(FILE_NAME.fullmatch(entry.name), path, "a name that does not belong here")
                need(stat.S_ISDIR(mode) or stat.S_ISREG(mode), path, "neither a file nor a directory")
                if stat.S_ISDIR(mode):
                    walk(path + "/")
                else:
                    need(KNOWN_FILES.fullmatch(path), path, "does not belong here")
                    found.add(path)

        walk("")
        return found

    def read(self, path):
        with open(os.path.join(self.root, path), "rb") as file:
            return file.read()

    def json(self, path):
        return parse(self.read(path), path)

    def within(self, directory):
        return {path[len(directory):] for path in self.files if path.startswith(directory)}

    def check_manifest(self, manifest, expected):
        listed = []
        text = self.read(manifest)
        need(text.endswith(b"\n") or not text, manifest, "the last line is not ended")
        for n, line in enumerate(text[:-1].split(b"\n"), 1):
            match = re.fullmatch(rb"([0-9a-f]{64})  ([\x21-\x7e]+)", line)
            need(match, f"{manifest}:{n}", "not `digest  path`")
            listed.append((match[2].decode(), match[1].decode()))
        paths = [path for path, _ in listed]
        need(paths == sorted(set(paths)), manifest, "not sorted by path, or a path stands twice")
        for path in sorted(expected ^ set(paths)):
            raise Fault(path, f"is not in {manifest}" if path in expected else f"is missing, {manifest} lists it")
        for path, digest in listed:
            with open(os.path.join(self.root, path), "rb") as file:
                state = hashlib.sha256()
                while block := file.read(1 << 20):
                    state.update(block)
            need(state.hexdigest() == digest, path, f"was changed: its digest is not the one in {manifest}")

    def check_bag(self):
        need(
            self.read("bagit.txt") == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "bagit.txt",
            "not that of a BagIt 1.0 bag",
        )
        self.check_manifest("tagmanifest-sha256.txt", set(TAG_FILES))
        self.check_manifest("manifest-sha256.txt", {path for path in self.files if path.startswith("data/")})

    def check_keys(self):
        place = "data/keys.json"
        listing = self.json(place)
        keys_are(listing, ["keys"], place)
        need(isinstance(listing["keys"], list) and listing["keys"], place, "no keys")
        keys, ids = {}, []
        for key in listing["keys"]:
            keys_are(key, ["algorithm", "id", "public"], place)
            need(key["algorithm"] == "Ed25519", place, "an unknown algorithm")
            public = unhex(key["public"], 32, place)
            need(key["id"] == sha256(public).hex()[:16], place, "an id that is not its key's")
            ids.append(key["id"])
            keys[key["id"]] = public
        need(ids == sorted(set(ids)), place, "not in the order of ids, or one stands twice")
        return keys

    def check_signature(self, keys):
        place = "signatures/package.json"
        seal = self.json(place)
        keys_are(seal, ["key", "signature", "tagmanifest", "v"], place)
        manifest = self.read("tagmanifest-sha256.txt")
        need(seal["v"] == 1, place, "an unknown version")
        need(seal["tagmanifest"] == sha256(manifest).hex(), place, "is of another tagmanifest-sha256.txt")
        need(seal["key"] in keys, place, "signed by a key that is not in data/keys.json")
        signature = unhex(seal["signature"], 64, place)
        need(signed(keys[seal["key"]], b"kanjie package v1\n" + manifest, signature), place, "the signature is wrong")
        return seal["key"]


# --- 1. The journal ---------------------------------------------------------------------------------------------------


class Journal:
    """Entries checked; `events` holds (seq, event) of what is not withheld."""

    def __init__(self, package):
        place = "data/journal.jsonl"
        self.hashes, self.events, last_at = [bytes(32)], [], None
        for n, entry in enumerate(parse_lines(package.read(place), place), 1):
            here = f"{place}:{n}"
            keys_are(entry, ["commit", "hash", "prev", "seq"], here, ["body", "nonce"])
            need(("body" in entry) == ("nonce" in entry), here, "body and nonce go together")
            need(is_int(entry["seq"]) and entry["seq"] == n, here, f"seq is not {n}")
            commit, hash_ = unhex(entry["commit"], 32, here), unhex(entry["hash"], 32, here)
            need(unhex(entry["prev"], 32, here) == self.hashes[-1], here, "prev is not the hash before")
            need(hash_ == sha256(struct.pack(">Q", n), self.hashes[-1], commit), here, "the hash is wrong")
            self.hashes.append(hash_)
            if "body" not in entry:
                continue
            need(isinstance(entry["body"], str), here, "body is not a string")
            body = entry["body"].encode("utf-8", "surrogatepass")
            need(commit == sha256(unhex(entry["nonce"], 32, here), body), here, "the commitment is not that of the body")
            body = parse(body, here)
            keys_are(body, ["actor", "at", "event"], here)
            at, event = body["at"], body["event"]
            need(isinstance(body["actor"], str), here, "actor is not a string")
            need(is_int(at) and (last_at is None or at >= last_at), here, "time runs backwards")
            need(isinstance(event, dict) and isinstance(event.get("type"), str), here, "the event has no type")
            last_at = at
            self.events.append((n, event))
        need(len(self.hashes) > 1, place, "is empty")
        self.by_seq = dict(self.events)
        need(self.by_seq.get(1, {}).get("type") == "scheduled", f"{place}:1", "is not `scheduled`")
        for seq, _ in self.of("scheduled")[1:]:
            raise Fault(f"{place}:{seq}", "a session is scheduled once")

    def of(self, kind):
        return [(seq, event) for seq, event in self.events if event["type"] == kind]

    def last(self, kind):
        found = self.of(kind)
        return found[-1][1] if found else None


def check_session(package, journal):
    place = "data/session.json"
    session = package.json(place)
    keys_are(session, ["case_no", "copy", "exported_at", "session", "v"], place)
    scheduled = journal.by_seq[1]
    need(session["v"] == 1 and is_int(session["exported_at"]), place, "an unknown version or no time")
    need(session["copy"] in ("full", "applicant"), place, "an unknown kind of copy")
    need(session["session"] == scheduled.get("session"), place, "is of another session than the journal")
    brief = scheduled.get("brief")
    need(isinstance(brief, dict) and session["case_no"] == brief.get("case_no"), place, "is of another case")
    return session


# --- 2. The recording -------------------------------------------------------------------------------------------------

SECTION = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)


def ip_checksum(header):
    total = sum(struct.unpack(">10H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def interface_block(description):
    padding = bytes(-len(description) % 4)
    options = struct.pack("<HH", 3, len(description)) + description + padding
    options += struct.pack("<HHB3x", 9, 1, 6) + bytes(4)
    length = 20 + len(options)
    return struct.pack("<IIHHI", 1, length, 101, 0, 0) + options + struct.pack("<I", length)


def check_packet_block(block, place):
    need(len(block) >= 84, place, "a packet block that is too short")
    kind, length, interface, _, _, captured, original = struct.unpack_from("<7I", block)
    need(kind == 6 and interface == 0 and captured == original, place, "not the packet block that it must be")
    padded = captured + -captured % 4
    need(captured > 28 and length == 28 + padded + 24 + 4, place, "lengths that do not agree")
    data = block[28 : 28 + captured]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, captured, 0, 0x4000, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2")
    ip = ip[:10] + struct.pack(">H", ip_checksum(ip)) + ip[12:]
    udp = [struct.pack(">HHHH", port, port, captured - 20, 0) for port in (5004, 5005)]
    need(data[:20] == ip and data[20:28] in udp, place, "the IP or UDP header is not the one that it must be")
    tail = block[28 + captured :]
    flags = tail[padded - captured + 4 + 4 + 8]
    options = bytes(padded - captured) + struct.pack("<HHI", 2989, 13, 32473)
    mono = tail[len(options) : len(options) + 8]
    need(flags <= 1, place, "unknown flags")
    options += mono + bytes([flags]) + bytes(3) + bytes(4) + struct.pack("<I", length)
    need(tail == options, place, "the options are not those that they must be")


class Segment:
    """A file, strictly read; `heads`: offset after a block → (running head, packets)."""

    def __init__(self, package, name):
        place = f"data/recording/{name}"
        self.id = name[: -len(".pcapng")]
        need(SEGMENT_ID.fullmatch(self.id), place, "not the name of a segment")
        data = package.read(place)
        self.bytes, self.packets = len(data), 0
        head = sha256(b"kanjie segment v1", self.id.encode())
        self.heads = {0: (head, 0)}
        offset, index = 0, 0
        while offset < len(data):
            here = f"{place}, byte {offset}"
            need(len(data) - offset >= 12, here, "a torn block")
            length = struct.unpack_from("<I", data, offset + 4)[0]
            need(length >= 12 and length % 4 == 0 and offset + length <= len(data), here, "a torn block")
            block = data[offset : offset + length]
            if index == 0:
                need(block == SECTION, here, "not the section header that it must be")
            elif index == 1:
                self.description = self.read_description(block, here)
            else:
                check_packet_block(block, here)
                self.packets += 1
            head = sha256(head, block)
            offset, index = offset + length, index + 1
            self.heads[offset] = (head, self.packets)
        need(index >= 2, place, "has no interface")

    def read_description(self, block, place):
        size = struct.unpack_from("<H", block, 18)[0] if len(block) > 20 else 0
        description = block[20 : 20 + size]
        need(block == interface_block(description), place, "not the interface block that it must be")
        value = parse(description, place)
        keys_are(value, ["clock_rate", "codec", "fmtp", "segment", "source", "track"], place)
        need(value["segment"] == self.id, place, "the description is of another segment")
        return value


def check_segments(package, journal, copy):
    segments = {}
    for name in sorted(package.within("data/recording/")):
        segment = Segment(package, name)
        segments[segment.id] = segment
    opened = set()
    for seq, event in journal.of("segment_opened"):
        here = f"data/journal.jsonl:{seq}"
        segment = segments.get(event.get("segment"))
        need(segment, here, f"the file of segment {event.get('segment')} is missing")
        need(segment.id not in opened, here, "a segment opened twice")
        opened.add(segment.id)
        for key in ("track", "source", "codec"):
            need(event.get(key) == segment.description[key], here, f"{key} is not that of the segment's file")
    for id_ in sorted(set(segments) - opened):
        raise Fault(f"data/recording/{id_}.pcapng", "the journal does not open this segment")
    for seq, event in journal.of("segment_closed"):
        here = f"data/journal.jsonl:{seq}"
        segment = segments.get(event.get("segment"))
        if segment is None and copy == "applicant":
            continue
        need(segment, here, "closes a segment that is not there")
        same = (event.get("bytes"), event.get("packets")) == (segment.bytes, segment.packets)
        need(same, here, "bytes or packets are not those of the segment's file")
    return segments


# --- 3. Checkpoints ---------------------------------------------------------------------------------------------------


def tree_root(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\0", leaves[0])
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1", tree_root(leaves[:split]), tree_root(leaves[split:]))


def check_leaf(leaf, before, segments, here):
    keys_are(leaf, ["commitment", "segment"], here, ["bytes", "head", "nonce", "packets"])
    need(isinstance(leaf["segment"], str) and SEGMENT_ID.fullmatch(leaf["segment"]), here, "not the id of a segment")
    need(len(leaf) in (2, 6), here, "a leaf that is half withheld")
    need(before is None or before["commitment"] != leaf["commitment"], here, "a leaf that did not change")
    need(before is None or len(before) == len(leaf), here, "a leaf withheld in one line and not in another")
    commitment = unhex(leaf["commitment"], 32, here)
    segment = segments.get(leaf["segment"])
    need((segment is not None) == (len(leaf) == 6), here, f"segment {leaf['segment']}: withheld, or its file is missing")
    if segment is None:
        return
    need(is_int(leaf["bytes"]) and is_int(leaf["packets"]), here, "bytes or packets are no numbers")
    if before:
        need(before["nonce"] == leaf["nonce"], here, "a segment keeps its nonce")
        need(before["bytes"] <= leaf["bytes"], here, "a segment never shrinks")
    head, packets = segment.heads.get(leaf["bytes"], (None, None))
    need(head == unhex(leaf["head"], 32, here), here, f"the head of segment {segment.id} is not that of its file")
    need(packets == leaf["packets"], here, f"segment {segment.id} has another number of packets")
    need(commitment == sha256(unhex(leaf["nonce"], 32, here), head), here, "the commitment is wrong")


def check_checkpoints(package, journal, segments):
    place = "data/checkpoints.jsonl"
    lines, entries = parse_lines(package.read(place), place), journal.of("checkpoint")
    need(len(lines) == len(entries), place, f"{len(lines)} lines, {len(entries)} checkpoint entries in the journal")
    leaves, number = {}, 0
    for n, (line, (seq, event)) in enumerate(zip(lines, entries), 1):
        here = f"{place}:{n}"
        keys_are(line, ["leaves", "number", "root"], here)
        need(is_int(line["number"]) and line["number"] > number, here, "the number does not rise")
        number = line["number"]
        need((event.get("number"), event.get("root")) == (number, line["root"]), here, f"is not entry {seq} of the journal")
        need(isinstance(line["leaves"], list), here, "leaves are no list")
        order = []
        for leaf in line["leaves"]:
            need(isinstance(leaf, dict) and isinstance(leaf.get("segment"), str), here, "a leaf without segment")
            check_leaf(leaf, leaves.get(leaf["segment"]), segments, here)
            leaves[leaf["segment"]] = leaf
            order.append(int(leaf["segment"].partition("-")[0]))
        need(order == sorted(set(order)), here, "leaves are not in the order of their counters")
        counters = sorted((int(id_.partition("-")[0]), id_) for id_ in leaves)
        need(len({counter for counter, _ in counters}) == len(counters), here, "a counter stands twice")
        root = tree_root([bytes.fromhex(leaves[id_]["commitment"]) for _, id_ in counters])
        need(unhex(line["root"], 32, here) == root, here, "the root is not that of the leaves")
    for id_, segment in segments.items():
        covered = leaves.get(id_, {}).get("bytes")
        need(covered == segment.bytes, f"data/recording/{id_}.pcapng", "no checkpoint covers it to its end")


# --- 4. Receipts ------------------------------------------------------------------------------------------------------


def check_receipt(receipt, data, n, previous, context, place):
    package_keys, session, journal = context
    keys_are(receipt, ["body", "key", "signature"], place)
    body = receipt["body"]
    names = "content_digest head issued_at kind number pdf_digest previous seq session v"
    keys_are(body, names.split(), place)
    need(body["v"] == 1 and body["number"] == n and is_int(body["issued_at"]), place, "version, number or time is wrong")
    need(body["kind"] in ("announced", "ended", "left", "closed"), place, "an unknown kind")
    need(body["session"] == session, place, "is of another session")
    need(body["previous"] == previous, place, "does not follow the receipt before")
    need(receipt["key"] in package_keys, place, "signed by a key that is not in data/keys.json")
    message = b"kanjie receipt v1\n" + canonical(body).encode()
    signature = unhex(receipt["signature"], 64, place)
    need(signed(package_keys[receipt["key"]], message, signature), place, "the signature is wrong")
    seq = body["seq"]
    need(is_int(seq) and 1 < seq < len(journal.hashes), place, "commits to an entry that is not there")
    need(unhex(body["head"], 32, place) == journal.hashes[seq], place, "the head is not the journal's")
    before = journal.by_seq.get(seq - 1, {})
    need(before.get("type") == "checkpoint", place, f"no checkpoint right before entry {seq}")
    named = {value for _, event in journal.events if event["type"] in ("record_prepared", "decision_sealed")
             for key, value in event.items() if key.endswith("digest")}
    for key in ("content_digest", "pdf_digest"):
        need(body[key] is None or body[key] in named, place, f"{key} is of no document of the journal")


def check_receipts(package, journal, keys, session):
    issued = journal.of("receipt_issued")
    expected = {f"{n}.json" for n in range(1, len(issued) + 1)}
    slips = {name.replace(".json", ".pdf") for name in expected}
    found = package.within("data/receipts/")
    for name in sorted((expected - found) | (found - expected - slips)):
        raise Fault(f"data/receipts/{name}", "is missing" if name in expected else "the journal issued no such receipt")
    previous, all_bytes = None, []
    for n, (seq, event) in enumerate(issued, 1):
        place = f"data/receipts/{n}.json"
        data = package.read(place)
        receipt = parse(data, place)
        check_receipt(receipt, data, n, previous, (keys, session, journal), place)
        need(canonical(event.get("receipt")).encode() == data, place, "is not the one that the journal issued")
        need(receipt["body"]["seq"] < seq, place, "was issued before what it commits to")
        previous = sha256(data).hex()
        all_bytes.append(data)
    return all_bytes


# --- 5. What the journal names ----------------------------------------------------------------------------------------


def check_stills(package, journal):
    expected = set()
    for seq, event in journal.of("evidence_taken"):
        here = f"data/journal.jsonl:{seq}"
        ending = {"image/jpeg": "jpg", "image/png": "png"}.get(event.get("media_type"))
        need(ending and isinstance(event.get("id"), str), here, "evidence without id or of an unknown type")
        name = f"{event['id']}.{ending}"
        path = f"data/stills/{name}"
        need(path in package.files, path, "is missing")
        need(name not in expected, here, "an id of evidence that stands twice")
        data = package.read(path)
        need(sha256(data).hex() == event.get("sha256"), path, "is not what the journal took as evidence")
        need(len(data) == event.get("bytes"), path, "has another length than the journal says")
        expected.add(name)
    for name in sorted(package.within("data/stills/") - expected):
        raise Fault(f"data/stills/{name}", "the journal does not name it")


def check_documents(package, journal):
    named = {"record": (journal.last("record_prepared"), "digest"), "decision": (None, "content_digest")}
    for n, (_, event) in enumerate(journal.of("decision_sealed"), 1):
        named["decision" if n == 1 else f"decision-{n}"] = (event, "content_digest")
    for name in sorted(package.within("data/documents/")):
        need(name.rsplit(".", 1)[0] in named, f"data/documents/{name}", "the journal does not name it")
    for name, (event, content) in named.items():
        for ending, key in (("json", content), ("pdf", "pdf_digest")):
            path = f"data/documents/{name}.{ending}"
            need((event is not None) == (path in package.files), path, "is missing, or the journal does not name it")
            if event is None:
                continue
            data = package.read(path)
            if ending == "json":
                parse(data, path)
            need(sha256(data).hex() == event.get(key), path, "is not the one that the journal names")


def check_media(package):
    place = "data/media/tracks.json"
    files = package.within("data/media/") - {"tracks.json"}
    if place not in package.files:
        need(not files, place, "is missing")
        return
    listing = package.json(place)
    keys_are(listing, ["duration_us", "t0", "tracks"], place)
    need(isinstance(listing["tracks"], list), place, "tracks are no list")
    names = [track.get("file") if isinstance(track, dict) else None for track in listing["tracks"]]
    need(all(isinstance(name, str) for name in names), place, "a track without file")
    need(len(set(names)) == len(names) and set(names) == files, place, "does not list exactly the files beside it")


# --- The whole --------------------------------------------------------------------------------------------------------


def wanted_keys(text):
    """From hex, or a file with hex or with keys.json: the public keys that may have signed."""
    if os.path.isfile(text):
        with open(text, encoding="utf-8") as file:
            text = file.read().strip()
    if text.startswith("{"):
        text = [key["public"] for key in json.loads(text)["keys"]]
    return {bytes.fromhex(key) for key in ([text] if isinstance(text, str) else text)}


def verify(root, receipt=None, key=None):
    """Returns a sentence, or raises the first Fault."""
    package = Package(root)
    package.check_bag()
    keys = package.check_keys()
    signer = package.check_signature(keys)
    journal = Journal(package)
    session = check_session(package, journal)
    segments = check_segments(package, journal, session["copy"])
    check_checkpoints(package, journal, segments)
    receipts = check_receipts(package, journal, keys, session["session"])
    check_stills(package, journal)
    check_documents(package, journal)
    check_media(package)
    known = "identity not checked"
    if receipt is not None:
        need(receipt.rstrip(b"\n") in receipts, "the given receipt", "is not among those of the package")
        known = "the given receipt is among its receipts"
    if key is not None:
        need(keys[signer] in wanted_keys(key), "signatures/package.json", "signed by another key than the given one")
        known = "that is the given key" + ("" if receipt is None else "; " + known)
    return (
        f"whole: {len(journal.hashes) - 1} entries, {len(segments)} segments, {len(receipts)} receipts"
        f" ({session['copy']} copy); signed by key {signer}; {known}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("path")
    parser.add_argument("--receipt", help="a file: the receipt that was handed out")
    parser.add_argument("--key", help="the signer's public key: hex, or a file with hex or keys.json")
    options = parser.parse_args()
    try:
        if not os.path.exists(options.path):
            raise FileNotFoundError(f"{options.path}: there is no such directory")
        need(os.path.isdir(options.path), options.path, "not a directory")
        receipt = None
        if options.receipt:
            with open(options.receipt, "rb") as file:
                receipt = file.read()
        print(verify(options.path, receipt, options.key))
        return 0
    except Fault as fault:
        print(f"NOT WHOLE: {fault}")
        return 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
