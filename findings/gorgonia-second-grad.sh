#!/usr/bin/env bash
# gorgonia.Grad, called a second time on one graph, loses part of the gradient
# where the two costs share a node.
#
# Seen with gorgonia.org/gorgonia v0.9.18 at x = 3, for the costs a = 5·x² and
# b = x²·x over one node x²:
#
#     a alone [30]        right: 10·x
#     b alone [27]        right: 3·x²
#     a then b [30 9]     b is 9, want 27
#
# 9 is x², the part through the factor x; the part through the shared node, 18, is
# missing. No error is returned. It matters to whoever trains two losses over one
# network in one graph, such as a generator's and a discriminator's.
#
# Needs Go. Exit status 0 while this is what happens, 1 when it has changed.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cat > go.mod <<'MOD'
module second

go 1.24

require (
	go4.org/unsafe/assume-no-moving-gc v0.0.0-20231121144256-b99613f794b6
	gorgonia.org/gorgonia v0.9.18
	gorgonia.org/tensor v0.9.24
)
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// gradients returns the gradients at x = 3 of the costs asked for, each by a
// call of Grad of its own, all in one graph.
func gradients(a, b bool) []float64 {
	g := G.NewGraph()
	x := G.NewScalar(g, tensor.Float64, G.WithName("x"), G.WithValue(3.0))
	square := must(G.Mul(x, x))
	var outs []*G.Node
	if a {
		outs = append(outs, must(G.Grad(must(G.Mul(square, G.NewConstant(5.0))), x))...)
	}
	if b {
		outs = append(outs, must(G.Grad(must(G.Mul(square, x)), x))...)
	}
	values := make([]G.Value, len(outs))
	for i, n := range outs {
		G.Read(n, &values[i])
	}
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		panic(err)
	}
	var out []float64
	for _, v := range values {
		out = append(out, v.Data().(float64))
	}
	return out
}

func main() {
	fmt.Println("a alone", gradients(true, false))
	fmt.Println("b alone", gradients(false, true))
	fmt.Println("a then b", gradients(true, true))
}
GO
go mod tidy >tidy.log 2>&1 || { cat tidy.log; exit 1; }
got=$(go run .)
echo "$got"
[ "$got" = $'a alone [30]\nb alone [27]\na then b [30 9]' ] || { echo "this has changed" >&2; exit 1; }
