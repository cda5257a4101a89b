package tui_test

import (
	"innate/configs"
	"innate/trainer/optim"
)

// frozenBy applies [freeze] tables as the trainer does.
func frozenBy(preset optim.PresetFunc) func([]string, configs.Freeze) (map[string]bool, error) {
	return func(names []string, t configs.Freeze) (map[string]bool, error) {
		return optim.FreezeRule{Preset: t.Preset, Freeze: t.Freeze, Train: t.Train}.Frozen(names, preset)
	}
}
