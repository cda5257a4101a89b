package configs_test

import (
	"maps"
	"testing"

	"innate/configs"
)

func TestLines(t *testing.T) {
	text := "# a\nname = \"x\"\nlive.beta1 = 0 # live.beta2 = 1\n\n[ live ]\nunknown = 1\ngen_lr = 1\n\"disc_lr\" = '''\n[freeze]\n'''\n[freeze]\ntrain = [\n  \"a\",\n]\npreset = "
	want := map[string]int{"name": 2, "live.beta1": 3, "live.gen_lr": 7, "live.disc_lr": 8, "freeze.train": 12, "freeze.preset": 15}
	if got := configs.Lines(text); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := configs.Lines("run = { seed = 7,\n batch = 8 }\nfreeze = {}"); got["run.seed"] != 1 || got["run.batch"] != 2 {
		t.Errorf("inline table: got %v", got)
	}
}
