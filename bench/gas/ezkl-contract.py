"""Writes the Solidity verifier that ezkl generates for one circuit.

Arguments: verifying key, settings, SRS, source to write. Needs ezkl and nothing else.
"""

import asyncio
import inspect
import os
import sys


async def main(verifying_key, settings, srs, source):
    import ezkl

    try:
        made = ezkl.create_evm_verifier(verifying_key, settings, source, source + ".abi", srs, reusable=False)
        if inspect.isawaitable(made):
            await made
    except Exception:
        # It writes the source, then looks for a compiler that need not be there.
        if not os.path.exists(source):
            raise


if __name__ == "__main__":
    status = 0
    try:
        asyncio.run(main(*sys.argv[1:]))
    # A panic in ezkl is a BaseException of its own.
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        status = 1
    sys.stderr.flush()
    # ezkl's threads can crash an interpreter that shuts down in order.
    os._exit(status)
