package main

import (
	"strings"
	"testing"

	"innate/configs"
)

// TestSetDiffering checks that a fork's config changes only where a value does.
func TestSetDiffering(t *testing.T) {
	text, err := configs.PresetText(demoPreset)
	if err != nil {
		t.Fatal(err)
	}
	same := map[string]string{"live.gen_lr": "0.0005", "run.seed": "42", "freeze.preset": `"gdd-i"`}
	got, err := setDiffering(text, same)
	if err != nil || got != text {
		t.Errorf("values that are there already change the text: %v", err)
	}
	same["run.seed"] = "7"
	if got, err = setDiffering(text, same); err != nil || !strings.Contains(got, "seed        = 7 ") || !strings.Contains(got, "= 5e-4 ") {
		t.Errorf("%v in\n%s", err, got)
	}
	if _, err = setDiffering(text, map[string]string{"nosuch": "1"}); err == nil || !strings.Contains(err.Error(), "no such setting") {
		t.Errorf("error %v", err)
	}
	if _, err = setDiffering("not toml", same); err == nil {
		t.Error("no error for a broken config")
	}
}
