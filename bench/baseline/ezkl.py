"""Proves one whole model with ezkl's defaults and prints what each step took, as one JSON object.

Arguments: model, input, working directory. Needs ezkl and nothing else; the directory gets the keys.
"""

import asyncio
import inspect
import json
import os
import sys
import time

CALIBRATE_FOR = "resources"


async def main(model, data, directory):
    import ezkl

    def path(name):
        return os.path.join(directory, name)

    settings, circuit, srs = path("settings.json"), path("circuit.ezkl"), path("kzg.srs")
    verifying_key, proving_key = path("verifying.key"), path("proving.key")
    witness, proof = path("witness.json"), path("proof.json")
    seconds = {}

    async def step(name, call, *arguments, **options):
        print(name, file=sys.stderr, flush=True)
        started = time.perf_counter()
        result = call(*arguments, **options)
        if inspect.isawaitable(result):
            result = await result
        seconds[name] = time.perf_counter() - started
        return result

    await step("settings", ezkl.gen_settings, model, settings)
    await step("calibrate", ezkl.calibrate_settings, data, model, settings, CALIBRATE_FOR)
    await step("compile", ezkl.compile_circuit, model, circuit, settings)
    with open(settings) as file:
        parameters = json.load(file)
    await step("srs", ezkl.gen_srs, srs, parameters["run_args"]["logrows"])
    await step("setup", ezkl.setup, circuit, verifying_key, proving_key, srs)
    await step("witness", ezkl.gen_witness, data, circuit, witness)
    await step("prove", ezkl.prove, witness, circuit, proving_key, proof, srs)
    if not await step("verify", ezkl.verify, proof, settings, verifying_key, srs):
        raise RuntimeError("ezkl made a proof that does not verify")
    return {
        "seconds": seconds,
        "k": parameters["run_args"]["logrows"],
        "scale": parameters["run_args"]["input_scale"],
        "rows": parameters["num_rows"],
        "keyBytes": os.path.getsize(proving_key),
        "proofBytes": os.path.getsize(proof),
    }


if __name__ == "__main__":
    # ezkl and its libraries print: standard output is for the result.
    result_output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    status = 0
    try:
        json.dump(asyncio.run(main(*sys.argv[1:])), result_output)
        result_output.flush()
    # A panic in ezkl is a BaseException of its own.
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        status = 1
    sys.stderr.flush()
    # ezkl's threads can crash an interpreter that shuts down in order.
    os._exit(status)
