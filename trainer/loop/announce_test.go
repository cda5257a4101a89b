package loop_test

import (
	"fmt"
	"strings"
	"testing"

	"innate/configs"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestChangesAreEvents changes settings by the file and by commands, and checks
// that each change is an event with its old and its new value.
func TestChangesAreEvents(t *testing.T) {
	t.Parallel()
	dir, _ := longRun(t)
	d, err := loop.Drive(dir)
	check(t, err)
	defer d.Close()
	path := dir + "/" + run.ConfigFile

	edit := func(key, value string) { // as in an editor
		t.Helper()
		text, err := configs.ReadFile(path)
		check(t, err)
		text, err = configs.Set(text, key, value)
		check(t, err)
		check(t, configs.WriteFile(path, text))
		d.Reload(text)
	}
	do := func(c control.Command) {
		t.Helper()
		check(t, d.Do(c))
	}
	none := "none"
	for _, tt := range []struct {
		name   string
		change func()
		kind   string
		want   map[string][2]string
	}{
		{"a setting, in the file", func() { edit("live.gen_lr", "1e-4") },
			runlog.Config, map[string][2]string{"live.gen_lr": {"0.0005", "0.0001"}}},
		{"settings, by command", func() {
			do(control.Command{Kind: control.KindSet, Set: map[string]string{"live.disc_lr": "3e-4", "live.diverge_action": "off"}})
		}, runlog.Config, map[string][2]string{"live.disc_lr": {"0.0002", "0.0003"}, "live.diverge_action": {`"event"`, `"off"`}}},
		{"a list, in the file", func() { edit("freeze.freeze", "map_*,enc.*") },
			runlog.Freeze, map[string][2]string{"freeze.freeze": {`["map_*"]`, `["map_*", "enc.*"]`}}},
		{"a list, without effect on any layer", func() { edit("freeze.freeze", "enc.*,map_*") },
			runlog.Freeze, map[string][2]string{"freeze.freeze": {`["map_*", "enc.*"]`, `["enc.*", "map_*"]`}}},
		{"the preset and a list, by command", func() {
			do(control.Command{Kind: control.KindFreeze, Freeze: control.FreezeRequest{Preset: &none, Freeze: &[]string{"dec.*"}}})
		}, runlog.Freeze, map[string][2]string{"freeze.preset": {`"gdd-i"`, `"none"`}, "freeze.freeze": {`["enc.*", "map_*"]`, `["dec.*"]`}}},
		{"one layer, by command", func() {
			do(control.Command{Kind: control.KindFreeze, Freeze: control.FreezeRequest{Toggle: []string{"enc.8x8_block0.conv0.bias"}}})
		}, runlog.Freeze, map[string][2]string{"freeze.freeze": {`["dec.*"]`, `["dec.*", "enc.8x8_block0.conv0.bias"]`}}},
	} {
		before, err := runlog.ReadAll(dir)
		check(t, err)
		tt.change()
		after, err := runlog.ReadAll(dir)
		check(t, err)
		events := after.Events[len(before.Events):]
		if len(events) != 1 || events[0].Kind != tt.kind {
			t.Errorf("%s: got events %+v, want one of kind %s", tt.name, events, tt.kind)
			continue
		}
		got := map[string][2]string{}
		for key, v := range events[0].Data {
			if m, ok := v.(map[string]any); ok && strings.Contains(key, ".") {
				got[key] = [2]string{fmt.Sprint(m["old"]), fmt.Sprint(m["new"])}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}

	// A comment is no setting: taken up without a word.
	before, err := runlog.ReadAll(dir)
	check(t, err)
	text, err := configs.ReadFile(path)
	check(t, err)
	d.Reload(text + "# a note\n")
	after, err := runlog.ReadAll(dir)
	check(t, err)
	if len(after.Events) != len(before.Events) || d.Status().ConfigError != "" {
		t.Errorf("a comment made events %+v", after.Events[len(before.Events):])
	}
}

// TestFreezeRefusalsNameTheLine checks errors that only the network can tell.
func TestFreezeRefusalsNameTheLine(t *testing.T) {
	t.Parallel()
	dir, text := longRun(t)
	d, err := loop.Drive(dir)
	check(t, err)
	defer d.Close()
	line := func(text, part string) string {
		before, _, ok := strings.Cut(text, part)
		if !ok {
			t.Fatalf("no %q in\n%s", part, text)
		}
		return fmt.Sprintf("configs: config.toml:%d: ", 1+strings.Count(before, "\n"))
	}
	for _, tt := range []struct{ key, value, at, want string }{
		{"freeze.freeze", "enc.99x99_*", "freeze = [", `freeze: pattern "enc.99x99_*" matches no parameter`},
		{"freeze.train", "map_*,nobody", "train = [", `freeze: pattern "nobody" matches no parameter`},
		{"freeze.freeze", "*", "[freeze]", "tensors are frozen, want at least one to train"},
	} {
		edited, err := configs.Set(text, tt.key, tt.value)
		check(t, err)
		d.Reload(edited)
		if got := d.Status().ConfigError; !strings.HasPrefix(got, line(edited, tt.at)) || !strings.Contains(got, tt.want) {
			t.Errorf("%s = %s: got %q, want %q and %q", tt.key, tt.value, got, line(edited, tt.at), tt.want)
		}
	}
}
