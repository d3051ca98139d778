# One image for all services: the command chooses the service.
#   docker build -t cc .
#   docker run cc node dist/apps/channel-router/main.js

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install script is needed to compile.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY .swcrc tsconfig.base.json tsconfig.json ./
COPY scripts/build.mjs scripts/
COPY libs libs
COPY apps apps
RUN npm run -s build
# What is left is what runs. The optional packages are the programs of the embedded PostgreSQL (60 MB), which only `npm start`
# on one machine needs.
RUN npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:20-bookworm-slim
ENV NODE_ENV=production CC_HOST=0.0.0.0
WORKDIR /app
RUN groupadd --gid 10001 cc && useradd --uid 10001 --gid cc --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin cc \
    && mkdir -p /var/lib/cc && chown cc:cc /var/lib/cc
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
# The stores of services that keep something on disk: the spool of e9-callback-ingest.
VOLUME ["/var/lib/cc"]
EXPOSE 3000-3006
CMD ["node", "dist/apps/call-gateway/main.js"]
