# Tessera with its provers. Nothing is downloaded when it runs.
#   docker build --tag tessera .
#   docker run --rm --volume "$PWD:/work" tessera prove model.onnx --input input.json --out model.cert
# Keys are kept from run to run with: --volume tessera:/var/lib/tessera
FROM node:24-bookworm-slim

# ezkl needs Python; the Groth16 prover is built with a Go that setup takes from PyPI.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv \
  && rm -rf /var/lib/apt/lists/*

RUN mkdir /opt/tessera /work /var/lib/tessera \
  && chown node:node /opt/tessera /work /var/lib/tessera
USER node
WORKDIR /opt/tessera
ENV TESSERA_HOME=/var/lib/tessera
# 1 where ezkl has no build, as for Linux on arm64.
ARG TESSERA_WITHOUT_EZKL=
ENV TESSERA_WITHOUT_EZKL=$TESSERA_WITHOUT_EZKL

COPY --chown=node:node . .
# A part that could not be installed ends the build: doctor says which. What only builds and tests goes again.
RUN npm install --no-audit --no-fund \
  && node bin/tessera.js doctor \
  && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && npm cache clean --force

WORKDIR /work
ENTRYPOINT ["node", "/opt/tessera/bin/tessera.js"]
CMD ["--help"]
