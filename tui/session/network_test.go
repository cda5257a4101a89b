package session_test

import (
	"slices"
	"testing"

	"innate/configs"
	"innate/trainer/run"
	"innate/tui/session"
	"innate/tui/session/sessiontest"
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

// TestByRule: what a rule froze or thawed is known of a whole node alone, follows the
// trainer, and holds in what a table would freeze as far as it does in the trainer.
func TestByRule(t *testing.T) {
	l := session.NewLayers()
	l.Set(sessiontest.Pair())
	now := sessiontest.Pair()
	now[0].Frozen, now[0].ByRule, now[1].ByRule = true, true, true
	l.Set(now)
	var whole []string
	for i := range l.Net.Nodes {
		if u := &l.Net.Nodes[i]; l.Net.ByRule(u) {
			whole = append(whole, u.Key)
		}
	}
	if want := []string{"enc.8x8_b.conv0", now[0].Name, now[1].Name}; !slices.Equal(whole, want) {
		t.Errorf("by rule %v, want %v", whole, want)
	}

	r := &session.Run{Info: run.Info{Status: run.Status{FreezePreset: "gdd-i", FreezeRule: &run.RuleStatus{Frozen: []string{"a.x", "b.x"}, Thawed: []string{"c.x"}}}}}
	table := r.Foreseen(configs.Freeze{Preset: "gdd-i", Train: []string{"b.*"}})
	if !slices.Equal(table.Freeze, []string{"a.x"}) || !slices.Equal(table.Train, []string{"b.*", "c.x"}) {
		t.Errorf("foreseen %+v", table)
	}
	if table := r.Foreseen(configs.Freeze{Preset: "none"}); len(table.Freeze)+len(table.Train) > 0 {
		t.Errorf("under another preset %+v", table)
	}
}
