package configs_test

import (
	"strings"
	"testing"

	"innate/configs"
)

// TestForMethod keeps what was chosen, and lets defaults be those of the other method.
func TestForMethod(t *testing.T) {
	text, err := configs.PresetText("mnist-gdd-i")
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{
		"live.total_kimg": "40", "live.disc_lr": "1e-3", "fid1.features": "builtin:mnist-random-cnn", "fid1.reference": "builtin:mnist-random-ref",
		"freeze.schedule": "[{at_kimg = 20, preset = 'none'}]",
	} {
		if text, err = configs.Set(text, key, value); err != nil {
			t.Fatal(err)
		}
	}
	for method, beta1 := range map[string]float64{configs.FD: 0, configs.Distill: 0.9} {
		to, err := configs.ForMethod(text, method)
		if err != nil {
			t.Fatal(err)
		}
		c, err := configs.Parse("to.toml", to)
		if err != nil {
			t.Fatal(err)
		}
		if c.Method != method || c.Name != "mnist-gdd-i" || c.Live.TotalKimg != 40 || c.Live.TickKimg != 0.256 || c.FID1.Features == "" ||
			len(c.Freeze.Schedule) != 1 || c.Live.Beta1 != beta1 || strings.Contains(to, "disc_lr") {
			t.Errorf("%s: %s", method, to)
		}
	}
	if _, err := configs.ForMethod(text, "nothing"); err == nil || !strings.Contains(err.Error(), `got "nothing", want`) {
		t.Errorf("no method: %v", err)
	}
}

// TestForMethodIsThePreset compares with the presets of other methods, which freeze
// nothing.
func TestForMethodIsThePreset(t *testing.T) {
	text, err := configs.PresetText("mnist-gdd-i")
	if err != nil {
		t.Fatal(err)
	}
	for method, preset := range map[string]string{configs.FD: "mnist-fd", configs.Distill: "mnist-cd"} {
		to, err := configs.ForMethod(text, method)
		if err == nil {
			to, err = configs.Set(to, "freeze.preset", "none")
		}
		if err == nil {
			to, err = configs.Set(to, "name", preset)
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := configs.Parse("to.toml", to)
		if err != nil {
			t.Fatal(err)
		}
		want, err := configs.Preset(preset)
		if err != nil {
			t.Fatal(err)
		}
		if changes := configs.Diff(want, got); len(changes) > 0 {
			t.Errorf("%s: %v", preset, changes)
		}
	}
}
