"""A machine at a door, by an implementation that is not ours.

    machine.py publish URL    aiortc sends a picture that counts, and a tone
    machine.py play URL       aiortc shows what comes, and tells the numbers that it reads in the pictures

The token comes in KANJIE_TOKEN. One JSON object a line on standard output; ends when standard input does.
"""

import asyncio
import fractions
import json
import os
import sys
import time

import av
import numpy
import requests
import urllib3
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError

urllib3.disable_warnings()

# The number stands in the picture as 4 × 4 squares, black or white, the lowest bit first.
WIDTH, HEIGHT, SQUARES = 320, 320, 4
RATE = 15


def tell(**what) -> None:
    print(json.dumps(what), flush=True)


def picture(number: int) -> av.VideoFrame:
    bits = numpy.array([255 if number >> bit & 1 else 0 for bit in range(SQUARES * SQUARES)], numpy.uint8)
    square = (HEIGHT // SQUARES, WIDTH // SQUARES)
    grey = numpy.kron(bits.reshape(SQUARES, SQUARES), numpy.ones(square, numpy.uint8))
    return av.VideoFrame.from_ndarray(numpy.dstack([grey] * 3), format="rgb24").reformat(format="yuv420p")


def number_in(frame: av.VideoFrame) -> int | None:
    grey = frame.to_ndarray(format="gray")
    if grey.shape[0] < 64 or grey.shape[1] < 64:
        return None
    high, wide = grey.shape[0] // SQUARES, grey.shape[1] // SQUARES
    number = 0
    for bit in range(SQUARES * SQUARES):
        row, column = divmod(bit, SQUARES)
        middle = grey[
            row * high + high // 4 : row * high + 3 * high // 4, column * wide + wide // 4 : column * wide + 3 * wide // 4
        ].mean()
        if 64 < middle < 192:
            return None
        number |= int(middle >= 192) << bit
    return number


class Counting(MediaStreamTrack):
    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self.number, self.began = 0, time.monotonic()

    async def recv(self) -> av.VideoFrame:
        self.number += 1
        await asyncio.sleep(max(0, self.began + self.number / RATE - time.monotonic()))
        frame = picture(self.number)
        frame.pts, frame.time_base = self.number * 90_000 // RATE, fractions.Fraction(1, 90_000)
        return frame


def ask(method: str, url: str, **more) -> requests.Response:
    headers = {"Authorization": f"Bearer {os.environ['KANJIE_TOKEN']}", **more.pop("headers", {})}
    return requests.request(method, url, headers=headers, verify=False, timeout=30, **more)


async def connect(connection: RTCPeerConnection, url: str) -> str:
    """Offers, and takes the answer; the address of the connection."""

    @connection.on("connectionstatechange")
    def changed() -> None:
        tell(state=connection.connectionState)

    await connection.setLocalDescription(await connection.createOffer())
    offer = connection.localDescription.sdp
    answer = await asyncio.to_thread(ask, "POST", url, data=offer.encode(), headers={"Content-Type": "application/sdp"})
    tell(status=answer.status_code, etag=answer.headers.get("etag"), code=None if answer.ok else answer.json()["code"])
    if not answer.ok:
        sys.exit(0)
    await connection.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
    return requests.compat.urljoin(url, answer.headers["location"])


async def until_told_to_end() -> None:
    await asyncio.to_thread(sys.stdin.read)


async def publish(url: str) -> None:
    connection = RTCPeerConnection()
    connection.addTrack(AudioStreamTrack())
    connection.addTrack(Counting())
    place = await connect(connection, url)
    await until_told_to_end()
    tell(ended=(await asyncio.to_thread(ask, "DELETE", place)).status_code)
    await connection.close()


async def play(url: str) -> None:
    connection = RTCPeerConnection()
    for kind in ("audio", "video"):
        connection.addTransceiver(kind, direction="recvonly")
    tasks = []

    async def watch(track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if track.kind == "audio":
                tell(sound=frame.samples)
            else:
                tell(number=number_in(frame), width=frame.width)

    @connection.on("track")
    def came(track: MediaStreamTrack) -> None:
        tasks.append(asyncio.ensure_future(watch(track)))

    place = await connect(connection, url)
    await until_told_to_end()
    tell(ended=(await asyncio.to_thread(ask, "DELETE", place)).status_code)
    await connection.close()


if __name__ == "__main__":
    role, address = sys.argv[1:]
    asyncio.run({"publish": publish, "play": play}[role](address))
