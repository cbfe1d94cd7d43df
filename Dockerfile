# Builds the program and puts it alone into an image without a shell.
#   docker build -t regulars .
#   docker run -p 3333:3333 -v regulars:/data regulars
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X github.com/regulars/regulars/internal/app.version=${VERSION}" \
      -o /out/regulars ./cmd/regulars && mkdir -p /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/regulars /usr/bin/regulars
COPY --from=build --chown=nonroot:nonroot /out/data /data
ENV REGULARS_DATA=/data REGULARS_LOG_FORMAT=json
VOLUME /data
EXPOSE 3333
ENTRYPOINT ["/usr/bin/regulars"]
CMD ["serve"]
