package session_test

import (
	"slices"
	"testing"
)

// TestLayerBlocks checks what counts as one block.
func TestLayerBlocks(t *testing.T) {
	net := teacher().Layers.Net
	if got := net.Blocks([]string{"map_layer0.weight", "map_layer1.bias"}); !slices.Equal(got, []string{"map"}) {
		t.Errorf("the embedding is %v, want one block", got)
	}
	got := net.Blocks([]string{"dec.28x28_aux_conv.bias", "enc.28x28_block0.conv0.weight", "enc.28x28_block0.conv1.bias", "x"})
	if !slices.Equal(got, []string{"enc.28x28_block0", "dec.28x28"}) {
		t.Errorf("blocks %v", got)
	}
	frozen := map[string]bool{}
	for _, n := range net.Differing(frozen) {
		frozen[n] = true
	}
	if got := net.Differing(frozen); got != nil || len(frozen) == 0 {
		t.Errorf("%d differ from what they are", len(got))
	}
}
