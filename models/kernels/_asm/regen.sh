#!/bin/sh
# Writes the generated files of package kernels again: go generate runs it from
# the package's directory.
set -e
cd "$(dirname "$0")"
go run . -set tile -pkg kernels -out ../tile_amd64.s
go run . -set tilestubs >../tile_stubs_amd64.go
go run . -set vector -pkg kernels -out ../vector_amd64.s -stubs ../vector_stubs_amd64.go
go run . -set depthwise -pkg kernels -out ../depthwise_amd64.s -stubs ../depthwise_stubs_amd64.go
go run . -set activation -pkg kernels -out ../activation_amd64.s -stubs ../activation_stubs_amd64.go
go run . -set double -pkg kernels -out ../double_amd64.s -stubs ../double_stubs_amd64.go
go run . -set bfloat16 -pkg kernels -out ../bfloat16_amd64.s -stubs ../bfloat16_stubs_amd64.go
go run . -set winograd -pkg kernels -out ../winograd_amd64.s
go run . -set winogradstubs >../winograd_stubs_amd64.go
gofmt -w ../tile_stubs_amd64.go ../winograd_stubs_amd64.go
go run ./arm64 -dir ..
