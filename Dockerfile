# Two stages: the first compiles, the second holds only what runs.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm ci
COPY scripts/build.mjs scripts/
COPY proto proto
COPY src src
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/proto proto
COPY --from=build /app/dist dist
USER node
EXPOSE 50051 8080 9090
HEALTHCHECK --interval=5s --timeout=2s --start-period=5s CMD ["node", "dist/healthcheck.js"]
CMD ["node", "dist/main.js"]
