# The image of pilot jobs: pyanamo-engine and what it needs. Put your own programs on top: FROM this image, or copy /opt/pyanamo.
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY pyanamo_tui ./pyanamo_tui
RUN pip install --no-cache-dir build && python -m build --wheel --outdir /wheels
# The engine needs none of the packages of the dashboard: textual, rich, click and what they bring.
RUN python -m venv /opt/pyanamo \
 && /opt/pyanamo/bin/pip install --no-cache-dir --no-compile --no-deps /wheels/*.whl \
 && /opt/pyanamo/bin/pip install --no-cache-dir --no-compile "boto3>=1.34,<2" "platformdirs>=4,<5" "psutil>=5.9,<8" \
 && /opt/pyanamo/bin/pip uninstall --yes pip

FROM python:3.12-slim
COPY --from=build /opt/pyanamo /opt/pyanamo
RUN useradd --create-home --uid 10001 pilot
ENV PATH=/opt/pyanamo/bin:$PATH PYTHONUNBUFFERED=1
USER pilot
WORKDIR /home/pilot
# No ENTRYPOINT: a job's command begins with pyanamo-engine, and is seen whole in AWS Batch.
CMD ["pyanamo-engine", "--help"]
