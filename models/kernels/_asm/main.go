// Command _asm generates the amd64 assembly of package kernels.
//
// Every routine is written once over a vector width and emitted twice: for
// AVX2+FMA, 8 floats in Y registers, with suffix AVX2; and for AVX-512, 16
// floats in Z registers, with suffix AVX512. Run it by go generate in the
// package's directory.
package main

import (
	"flag"
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	set := flag.String("set", "", "what to generate: tile, tilestubs, vector, depthwise, activation, bfloat16, double, winograd or winogradstubs")
	flag.Parse()
	switch *set {
	case "tilestubs":
		fmt.Print(tileStubs())
		return
	case "winogradstubs":
		fmt.Print(winogradStubs())
		return
	}
	ConstraintExpr("amd64,!purego")
	for _, v := range []isa{avx2, avx512} {
		switch *set {
		case "tile":
			tiles(v)
		case "winograd":
			winograd(v)
		case "vector":
			maps(v)
			rowMaps(v)
			reductions(v)
		case "depthwise":
			depthwise(v)
		case "activation":
			activations(v)
		case "bfloat16":
			bfloat16(v)
		case "double":
			doubles(v)
		default:
			fmt.Fprintf(os.Stderr, "_asm: -set %q, want tile, vector, depthwise, activation, bfloat16, double or winograd\n", *set)
			os.Exit(2)
		}
	}
	Generate()
}
