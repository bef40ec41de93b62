"""qkdpp_crc32c against the definition, bit by bit, and the known answers of RFC 3720."""

import random

import cocotb
from cocotb.triggers import Timer

from stream import PARAMETERS

WIDTH = PARAMETERS["Width"]
POLYNOMIAL = 0x1EDC6F41


def reflect(value, bits):
    """The bits in reverse."""
    return int(f"{value:0{bits}b}"[::-1], 2)


def crc32c(data):
    """By polynomial division, as the CRC is defined: the message in the order of its bits, the first 32 inverted, times x^32."""
    message = reflect(int.from_bytes(data, "little"), 8 * len(data)) << 32
    message ^= 0xFFFFFFFF << 8 * len(data)
    for position in range(8 * len(data) + 31, 31, -1):
        if message >> position & 1:
            message ^= (1 << 32 | POLYNOMIAL) << (position - 32)
    return reflect(message, 32) ^ 0xFFFFFFFF


async def step(dut, crc, word):
    """One word through the module."""
    dut.crc_i.value, dut.data_i.value = crc, word
    await Timer(1, unit="ns")
    return int(dut.crc_o.value)


async def device_crc(dut, data):
    """The CRC of a message by the module."""
    crc = 0xFFFFFFFF
    for at in range(0, len(data), WIDTH // 8):
        crc = await step(dut, crc, int.from_bytes(data[at : at + WIDTH // 8], "little"))
    return crc ^ 0xFFFFFFFF


@cocotb.test()
async def known_answers(dut):
    for data, answer in (
        (bytes(32), 0x8A9136AA),
        (bytes([0xFF] * 32), 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ):
        assert crc32c(data) == answer
        assert await device_crc(dut, data) == answer
    assert crc32c(b"123456789") == 0xE3069283


@cocotb.test()
async def random_messages(dut):
    for words in (1, 2, 3, 8, 20):
        for _ in range(20):
            data = random.randbytes(words * WIDTH // 8)
            assert await device_crc(dut, data) == crc32c(data)


@cocotb.test()
async def state_and_data_enter_linearly(dut):
    for _ in range(100):
        crc, word = random.getrandbits(32), random.getrandbits(WIDTH)
        assert await step(dut, crc, word) == await step(dut, crc, 0) ^ await step(dut, 0, word)
