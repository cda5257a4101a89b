package tui_test

import (
	"strings"

	"innate/configs"
	"innate/trainer/optim"
)

// frozenBy applies [freeze] tables as the trainer does.
func frozenBy(preset optim.PresetFunc) func([]string, configs.Freeze) (map[string]bool, error) {
	return func(names []string, t configs.Freeze) (map[string]bool, error) {
		return optim.FreezeRule{Preset: t.Preset, Freeze: t.Freeze, Train: t.Train}.Frozen(names, preset)
	}
}

// gddI freezes convolutions as the paper's presets do.
func gddI(names []string, preset string) ([]string, error) {
	var out []string
	for _, n := range names {
		switch {
		case strings.Contains(n, ".conv0.") || strings.Contains(n, ".conv1.") || strings.Contains(n, ".proj."):
			if preset != "none" {
				out = append(out, n)
			}
		case strings.Contains(n, ".qkv.") && strings.Contains(preset, "qkv"), strings.Contains(n, ".skip.") && strings.Contains(preset, "skip"):
			out = append(out, n)
		}
	}
	return out, nil
}
