"""ezkl behind the frames of node/provers/process/README.md.

Python >= 3.9; needs ezkl and nothing else. Every operation reads and writes files that the request names.
"""

import asyncio
import ctypes
import errno
import inspect
import json
import logging
import math
import os
import signal
import struct
import sys

PROTOCOL = 1
MAX_FRAME_BYTES = 16 << 20
PREFIX = struct.Struct(">I")
PR_SET_PDEATHSIG = 1


def claim_stdout():
    """The real standard output, for frames only: ezkl and its libraries print, and that must go elsewhere."""
    frames = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return frames


def end_with_parent():
    """A node that is killed cannot kill its worker, and a busy one would not see its input end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def read_exactly(stream, size):
    data = stream.read(size)
    return data if len(data) == size else None


def read_frame(stream):
    prefix = read_exactly(stream, PREFIX.size)
    if prefix is None:
        return None
    (length,) = PREFIX.unpack(prefix)
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {length} bytes")
    body = read_exactly(stream, length)
    return None if body is None else json.loads(body)


def write_frame(stream, message):
    body = json.dumps(message, separators=(",", ":")).encode()
    stream.write(PREFIX.pack(len(body)) + body)
    stream.flush()


async def settled(value):
    """ezkl's calls return plain values or awaitables, differently from version to version."""
    return (await value) if inspect.isawaitable(value) else value


def canonical_settings(path):
    """Makes the file a function of the circuit: ezkl writes the time, and sets and maps in an order of the moment.

    Its order of tables is the circuit's, so this has to come before the circuit is compiled. Its threads race for the
    number of rows, of which no key depends; that of the assignments is the same each time.
    """
    with open(path) as file:
        settings = json.load(file)
    settings["timestamp"] = 0
    settings["num_rows"] = math.ceil(settings["total_assignments"] / settings["run_args"]["num_inner_cols"])
    for tables in ("required_range_checks", "required_lookups"):
        settings[tables].sort(key=json.dumps)
    equations = settings["einsum_params"]["equations"]
    settings["einsum_params"]["equations"] = [[text, dict(sorted(axes.items()))] for text, axes in equations]
    with open(path, "w") as file:
        json.dump(settings, file, separators=(",", ":"))


async def compile_model(ezkl, model, settings, circuit, arguments):
    run = ezkl.PyRunArgs()
    for name, value in arguments.items():
        setattr(run, name, value)
    await settled(ezkl.gen_settings(model, settings, py_run_args=run))
    canonical_settings(settings)
    await settled(ezkl.compile_circuit(model, circuit, settings))


async def srs(ezkl, path, k):
    ezkl.gen_srs(path, k)


async def setup(ezkl, circuit, srs, verifyingKey, provingKey):
    await settled(ezkl.setup(circuit, verifyingKey, provingKey, srs))


async def vka(ezkl, verifyingKey, settings, srs, vka):
    await settled(ezkl.create_evm_vka(verifyingKey, settings, vka, srs))


async def evm_verifier(ezkl, verifyingKey, settings, srs, source):
    try:
        await settled(
            ezkl.create_evm_verifier(verifyingKey, settings, source, source + ".abi", srs, reusable=True)
        )
    except Exception:
        # It writes the source, then looks for a compiler that need not be there.
        if not os.path.exists(source):
            raise


async def execute(ezkl, circuit, input, witness, srs):
    await settled(ezkl.gen_witness(input, circuit, witness, srs_path=srs))


async def prove(ezkl, circuit, provingKey, witness, proof, srs):
    await settled(ezkl.prove(witness, circuit, provingKey, proof, srs))


async def verify(ezkl, proof, settings, verifyingKey, srs, reduced=False):
    """With reduced, the SRS file is of size 2 and holds no more than verifying takes."""
    return bool(await settled(ezkl.verify(proof, settings, verifyingKey, srs, reduced)))


async def commit(ezkl, values, verifyingKey, settings, srs):
    points = await settled(ezkl.kzg_commit(values, verifyingKey, settings, srs))
    return [str(point) for point in points]


OPERATIONS = {
    "compile": compile_model,
    "srs": srs,
    "setup": setup,
    "vka": vka,
    "evmVerifier": evm_verifier,
    "execute": execute,
    "prove": prove,
    "verify": verify,
    "commit": commit,
}


class LastError(logging.Handler):
    """Keeps ezkl's last error record: it logs the cause, and raises only where it was met."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.message = None

    def emit(self, record):
        self.message = record.getMessage()

    def take(self):
        message, self.message = self.message, None
        return "" if message is None else f": {message}"


def kind_of(error):
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    # ezkl passes the system's error on as text.
    return "storage" if full or "(os error 28)" in str(error) or "(os error 27)" in str(error) else "failed"


async def serve(ezkl, requests, frames, last_error):
    while True:
        request = await asyncio.get_running_loop().run_in_executor(None, read_frame, requests)
        if request is None:
            return
        identity, name = request["id"], request["operation"]
        operation = OPERATIONS.get(name)
        if operation is None:
            answer = {"type": "error", "kind": "usage", "message": f"there is no operation {name}"}
        else:
            write_frame(frames, {"type": "progress", "id": identity, "step": name})
            last_error.take()
            try:
                answer = {"type": "result", "value": await operation(ezkl, **request["parameters"])}
            # A panic in ezkl is a BaseException of its own.
            except BaseException as error:
                message = f"{type(error).__name__}: {error}{last_error.take()}"
                answer = {"type": "error", "kind": kind_of(error), "message": message}
        write_frame(frames, {**answer, "id": identity})


def main():
    frames = claim_stdout()
    end_with_parent()
    import ezkl  # after standard output is safe from it

    last_error = LastError()
    logging.basicConfig(handlers=[logging.StreamHandler(), last_error], format="%(message)s")
    version = getattr(ezkl, "__version__", None)
    if version is None:
        from importlib.metadata import version as installed

        version = installed("ezkl")
    write_frame(frames, {"type": "hello", "protocol": PROTOCOL, "worker": "ezkl", "version": version})
    asyncio.run(serve(ezkl, sys.stdin.buffer, frames, last_error))


if __name__ == "__main__":
    status = 0
    try:
        main()
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        status = 1
    sys.stderr.flush()
    # ezkl's threads can crash an interpreter that shuts down in order.
    os._exit(status)
