package configs_test

import (
	"slices"
	"strings"
	"testing"

	"innate/configs"
)

// TestDiscriminators reads two discriminators in either notation, edits the second
// where it stands, and changes what of it is live in a run that has started.
func TestDiscriminators(t *testing.T) {
	const first, second = "features = \"a\"\n", "features = \"b\"\nin_size = 64\nmean = [0.5, 0, 1]\n"
	tables, err := configs.Parse("a.toml", "method = \"gdd\"\n[disc]\n"+first+"[disc1]\n"+second)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"method = \"gdd\"\n[[disc]]\n" + first + "\n[[disc]] # the second\n" + second,
		"method = \"gdd\"\n[[disc]]\n" + first + "[disc1]\n" + second,
	} {
		list, err := configs.Parse("b.toml", text)
		if err != nil {
			t.Fatal(err)
		}
		if changes := configs.Diff(tables, list); len(changes) > 0 || list.Discs() != 2 {
			t.Errorf("%d discriminators, which differ: %v", list.Discs(), changes)
		}
		if got := configs.Lines(text)["disc1.in_size"]; !strings.HasPrefix(strings.Split(text, "\n")[got-1], "in_size") {
			t.Errorf("disc1.in_size is on line %d of\n%s", got, text)
		}
		edited, now, err := configs.Edit("b.toml", text, list, map[string]string{"disc1.weight": "0.5"})
		if err != nil {
			t.Fatal(err)
		}
		if edited != text+"weight = 0.5\n" || now.Nth(1).Weight != 0.5 || now.Nth(0).Weight != 1 {
			t.Errorf("edited to\n%s", edited)
		}
		if _, _, err := configs.Edit("b.toml", text, list, map[string]string{"disc1.in_size": "32"}); err == nil || !strings.Contains(err.Error(), "disc1.in_size: got 32, want 64: fixed") {
			t.Errorf("a fixed setting: got %v", err)
		}
		if got := list.Files(); got["disc.features"] != "a" || got["disc1.features"] != "b" {
			t.Errorf("files %v", got)
		}
		keys := []string{}
		for _, e := range list.Entries() {
			keys = append(keys, e.Key)
		}
		if !slices.Contains(keys, "disc1.std") || slices.Contains(keys, "disc2.std") || slices.Contains(keys, "disc1.loss") {
			t.Errorf("settings %v", keys)
		}
	}
	one, err := configs.Set("method = \"gdd\"\n[disc]\n"+first, "disc1.features", "b")
	if err != nil || one != "method = \"gdd\"\n[disc]\n"+first+"\n[disc1]\nfeatures = \"b\"\n" {
		t.Errorf("a second one: %v\n%s", err, one)
	}
}
