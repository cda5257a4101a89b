package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"innate/configs"
	"innate/trainer"
)

// TestFaultCounts gives every numeric flag what is no count of its kind: wrong
// usage, never a panic, a hang or a number that means something else.
func TestFaultCounts(t *testing.T) {
	const net = "builtin:mnist-teacher"
	for _, args := range [][]string{
		{"logs", "0", "-n", "-5"}, {"logs", "0", "-n", "x"}, {"logs", "0", "-n", "99999999999999999999"},
		{"fid", net, "--steps", "-1"}, {"fid", net, "--steps", "1001"}, {"fid", net, "--n", "-1"}, {"fid", net, "--n", "0"}, {"fid", net, "--n", "1"},
		{"fid", net, "--n", "9223372036854775807"}, {"fid", net, "--threads", "-1"}, {"fid", net, "--threads", "1000000000"}, {"fid", net, "--seed", "-1"},
		{"fid", "ref", "x.npz", "--threads", "-1"},
		{"sample", net, "--n", "0"}, {"sample", net, "--n", "-4"}, {"sample", net, "--n", "9223372036854775807"}, {"sample", net, "--steps", "-1"},
		{"sample", net, "--steps", "1000000000"}, {"sample", net, "--class", "-2"}, {"sample", net, "--threads", "-1"}, {"sample", net, "--seed", "-1"},
	} {
		status, stdout, stderr := line(t, args...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, "invalid value") {
			t.Errorf("innate %s: status %d, %q, %q; want wrong usage", strings.Join(args, " "), status, stdout, stderr)
		}
	}
	dir := filepath.Join(t.TempDir(), "run")
	if err := trainer.CreateAt(dir, "method = 'gdd'\n", ""); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := line(t, "status", dir, "--every", "-5s"); status != 2 || !strings.Contains(stderr, "--every: got -5s, want a time above 0") {
		t.Errorf("status --every -5s: status %d, %q", status, stderr)
	}
}

// TestFaultSizes starts runs whose sizes fit no network: refused with the line
// before anything is made.
func TestFaultSizes(t *testing.T) {
	runs := t.TempDir()
	for _, c := range []struct {
		preset string
		set    []string
		want   string
	}{
		// LINE is that of the last setting, in the preset.
		{"mnist-gdd-i", []string{"disc.in_size=9"}, "innate: configs: mnist-gdd-i.toml:LINE: disc.in_size: got 9, want in [8, 256], halved evenly by each stage of the features, so a multiple of 8"},
		{"mnist-gdd-i", []string{"disc.features=builtin:mnist-fid-cnn", "disc.in_size=12"}, "innate: configs: mnist-gdd-i.toml:LINE: disc.in_size: disc: in_size: 12, want a multiple of 8 for 3 feature stages"},
		{"mnist-gdd-i", []string{"disc.features=builtin:mnist-teacher"}, "innate: configs: mnist-gdd-i.toml:LINE: disc.features: features: "},
		{"mnist-gdd-i", []string{"live.tick_kimg=0.0004"}, "live.tick_kimg: got 0.0004, want in [0.001, 1000000]"},
		{"mnist-edm", []string{"model.model_channels=132"}, "unet: model_channels: 132 gives a layer of 132 channels, want a multiple of its 32 groups"},
	} {
		args := []string{"start", c.preset, "--runs", runs}
		for _, s := range c.set {
			args = append(args, "--set", s)
		}
		key, _, _ := strings.Cut(c.set[len(c.set)-1], "=")
		text, err := configs.PresetText(c.preset)
		if err != nil {
			t.Fatal(err)
		}
		before, _, _ := strings.Cut(text, "\n"+key[strings.LastIndexByte(key, '.')+1:]+" ")
		c.want = strings.Replace(c.want, "LINE", strconv.Itoa(strings.Count(before, "\n")+2), 1)
		status, stdout, stderr := line(t, args...)
		if status != 1 || stdout != "" || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s %v: status %d, %q, %q; want %q", c.preset, c.set, status, stdout, stderr, c.want)
		}
	}
	if made, err := os.ReadDir(runs); err != nil || len(made) > 0 {
		t.Errorf("left behind: %v, %v", made, err)
	}
}
