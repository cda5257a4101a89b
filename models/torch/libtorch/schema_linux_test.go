//go:build (amd64 || arm64) && !static

package libtorch_test

import (
	"testing"

	"innate/models/torch/libtorch"
)

// TestCheckCall: arguments that are not what a schema asks for are named.
func TestCheckCall(t *testing.T) {
	const library = "\x00silu_backward(Tensor grad_output, Tensor self) -> Tensor\x00" +
		"sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor\x00" +
		"_foreach_copy_(Tensor(a!)[] self, Tensor[] src, bool non_blocking=False) -> ()\x00" +
		"add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor\x00"
	for _, c := range []struct{ name, kinds, want string }{
		{"silu_backward", "tt", ""},
		{"silu_backward", "t", `argument 1 is "Tensor self", given '-'`},
		{"silu_backward", "ti", `argument 1 is "Tensor self", given 'i'`},
		{"silu_backward", "ttb", "2 arguments, given 3"},
		{"sum.dim_IntList", "t" + libtorch.Or('I') + "b-", ""},
		{"sum.dim_IntList", "t" + libtorch.Or('I'), ""},
		{"sum.dim_IntList", "tIb-", `argument 1 is "int[1]? dim", given 'I'`},
		{"_foreach_copy_", "TTb", ""},
		{"_foreach_copy_", "Tt", `argument 1 is "Tensor[] src", given 't'`},
		{"add.Tensor", "tt", `argument 2 is "Scalar alpha=1", given '-'`},
		{"nothing", "t", "no schema in the library"},
	} {
		got := ""
		if err := libtorch.CheckCall(library, c.name, c.kinds); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.name, c.kinds, got, c.want)
		}
	}
}
