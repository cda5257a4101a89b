package loop_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"innate/configs"
	"innate/trainer/loop"
)

// TestProfile checks that a profile accounts for every stage, that freezing
// takes work from the generator's alone, and that what it names are layers.
func TestProfile(t *testing.T) {
	text := preset(t, "mnist-gdd-i", map[string]string{"run.batch": "4", "run.threads": "1", "live.r1_interval": "2"})
	measure := func(rule string) *loop.Profile {
		text, err := configs.Set(text, "freeze.preset", rule)
		check(t, err)
		cfg, err := configs.Parse("config.toml", text)
		check(t, err)
		p, err := loop.MeasureProfile(t.Context(), cfg, "", 2)
		check(t, err)
		return p
	}
	all, frozen := measure("none"), measure("gdd-i")
	var stages []string
	for i, s := range frozen.Stages {
		stages = append(stages, s.Stage)
		if s.Stage == "rest" {
			continue
		}
		if s.Time <= 0 || s.FLOP <= 0 || s.Arena <= 0 || s.Time > frozen.Step {
			t.Errorf("stage %+v of a step of %v", s, frozen.Step)
		}
		if less := s.FLOP < all.Stages[i].FLOP; less != (s.Stage == "g") {
			t.Errorf("%s: %d FLOP frozen, %d with everything trained", s.Stage, s.FLOP, all.Stages[i].FLOP)
		}
	}
	if want := []string{"g", "d fakes", "d", "r1", "rest"}; !slices.Equal(stages, want) {
		t.Errorf("stages %v, want %v", stages, want)
	}
	var opFLOP, layerFLOP, stageFLOP int64
	for _, c := range frozen.Ops {
		opFLOP += c.FLOP
	}
	for _, s := range frozen.Stages {
		stageFLOP += s.FLOP
	}
	names := map[string]bool{}
	for _, c := range frozen.Layers {
		layerFLOP += c.FLOP
		names[c.Name] = true
	}
	if opFLOP != stageFLOP || layerFLOP != stageFLOP {
		t.Errorf("stages have %d FLOP, operations %d, layers %d", stageFLOP, opFLOP, layerFLOP)
	}
	for _, want := range []string{"enc.28x28_conv", "dec.14x14_up.conv0", "heads.0.body.0", "projector.features.stages.0.0"} {
		if !names[want] {
			var near []string
			for n := range names {
				if strings.HasPrefix(n, want[:4]) {
					near = append(near, n)
				}
			}
			t.Errorf("no layer %s, but %v", want, near)
		}
	}
	if frozen.Peak <= 0 || frozen.Frozen < 0.5 || all.Frozen != 0 {
		t.Errorf("peak %v, frozen %v and %v", frozen.Peak, frozen.Frozen, all.Frozen)
	}
}

// TestProfileEvaluation: what evaluations take is a share, of so many images, and there is
// none where none is due.
func TestProfileEvaluation(t *testing.T) {
	measure := func(every string) *loop.EvaluationCost {
		cfg, err := configs.Parse("config.toml", preset(t, "mnist-gdd-i", map[string]string{
			"run.batch": "4", "run.threads": "1", "fid.samples": "100", "live.fid_kimg": every}))
		check(t, err)
		p, err := loop.MeasureProfile(t.Context(), cfg, "", 1)
		check(t, err)
		return p.Evaluation
	}
	if e := measure("0"); e != nil {
		t.Errorf("without evaluations: %+v", e)
	}
	e := measure("0.1")
	if e == nil || e.Samples != 100 || e.Kimg != 0.1 || e.Image <= 0 || !(e.Share > 0 && e.Share < 1) || !(e.CPUShare > 0 && e.CPUShare < 1) || e.Allowed != 0.06 {
		t.Errorf("evaluations: %+v", e)
	}
}

// preset is the text of a preset with some settings changed.
func preset(t *testing.T, name string, set map[string]string) string {
	t.Helper()
	text, err := configs.PresetText(name)
	check(t, err)
	for key, value := range set {
		text, err = configs.Set(text, key, value)
		check(t, err)
	}
	return text
}

func TestProfileEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cfg, err := configs.Parse("config.toml", preset(t, "mnist-gdd-i", map[string]string{"run.batch": "4"}))
	check(t, err)
	if _, err := loop.MeasureProfile(ctx, cfg, "", 1000); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}
