# The api: one static binary on an empty file system, and /data for the tasks.
#
#   docker build --file api.Dockerfile --tag task-tracker-api .
#
# Stages: `production` (the default), and `dev`, the debug build that compose.dev.yaml uses.

FROM rust:1.95-slim-bookworm AS toolchain
# glibc is linked in, so that the image needs no loader and no libraries. musl would give the same but for its slow
# allocator and a target that has to be downloaded. `host-tuple` stands for whatever machine builds; naming a target
# at all keeps RUSTFLAGS away from proc macros and build scripts, which cannot be linked that way.
# What of SQLite nobody here uses stays out: 0.4 MB, and the loading of code from files.
ENV CARGO_BUILD_TARGET=host-tuple \
    LIBSQLITE3_FLAGS="-USQLITE_ENABLE_FTS3 -USQLITE_ENABLE_FTS3_PARENTHESIS -USQLITE_ENABLE_FTS5 -USQLITE_ENABLE_RTREE -USQLITE_ENABLE_LOAD_EXTENSION -DSQLITE_OMIT_LOAD_EXTENSION" \
    RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs"
WORKDIR /src
RUN mkdir /data

# Manifests alone, with empty crates for them to name.
FROM toolchain AS manifests
COPY Cargo.toml Cargo.lock ./
COPY crates/api/Cargo.toml crates/api/
COPY crates/web/Cargo.toml crates/web/
RUN mkdir crates/api/src crates/web/src \
    && touch crates/api/src/lib.rs crates/web/src/lib.rs \
    && echo 'fn main() {}' > crates/api/src/main.rs \
    && cp crates/api/src/main.rs crates/web/src/main.rs

# Our dependencies, in a layer of their own that a change to our sources leaves alone. A layer, where a cache mount
# would stay on the machine that built it: CI agents take it from the registry.
FROM manifests AS dependencies
RUN cargo build --release --locked --package task-tracker-api

# `touch`: cargo goes by time stamps, and a checked-out file may be older than the build of the empty crate.
FROM dependencies AS build
COPY crates/api crates/api
ARG GIT_SHA=unknown
RUN touch crates/api/src/lib.rs crates/api/src/main.rs \
    && cargo build --release --locked --offline --package task-tracker-api \
    && cp target/*/release/api /api

# Debug build. Cache mounts keep cargo's incremental state from one build to the next on this machine.
# None is shared by both services, whose builds run side by side: cargo's lock on the registry is not in the mount.
FROM manifests AS dev-build
ENV CARGO_PROFILE_DEV_DEBUG=line-tables-only
COPY crates/api crates/api
ARG GIT_SHA=unknown
RUN --mount=type=cache,id=task-tracker-api-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=task-tracker-api-target,target=/src/target,sharing=locked \
    touch crates/api/src/lib.rs crates/api/src/main.rs \
    && cargo build --locked --package task-tracker-api \
    && cp target/*/debug/api /api

FROM scratch AS runtime
# Copied before WORKDIR, which would make it root's.
COPY --from=toolchain --chown=10001:10001 /data /data
VOLUME ["/data"]
# SQLite puts temporary files into the working directory when there is no /tmp.
WORKDIR /data
ENV BIND_ADDR=0.0.0.0:8000 \
    DB_PATH=/data/tasks.db \
    LOG_FORMAT=json
EXPOSE 8000
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=0.25s --retries=3 \
    CMD ["/api", "healthcheck"]
ENTRYPOINT ["/api"]

FROM runtime AS dev
COPY --from=dev-build /api /api

FROM runtime AS production
# Unpacked: third-party notices, see .ci/licenses/update.
ADD crates/licenses.tar.gz /licenses/
COPY --from=build /api /api
ARG GIT_SHA=unknown
ARG VERSION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=https://github.com/acme/task-tracker
LABEL org.opencontainers.image.title="Task Tracker api" \
      org.opencontainers.image.description="The internal REST API of Task Tracker: tasks in SQLite over HTTP" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${GIT_SHA}" \
      org.opencontainers.image.created="${CREATED}"
